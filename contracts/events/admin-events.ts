import { z } from 'zod';
import { type EventOf, eventType } from './catalogue.ts';

const appointment = { userId: z.uuid(), appointmentId: z.uuid() };

/** Stream `admins`: one for all, so that it can't become empty by two demotions at once. */
export const adminEvents = {
  'admin.granted': eventType(z.object(appointment)),
  /** Ends the appointment; one that is not granted yet never will be. */
  'admin.revoked': eventType(z.object(appointment)),
};

export type AdminEvent = EventOf<typeof adminEvents>;
