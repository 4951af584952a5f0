import { z } from 'zod';
import { type EventOf, eventType } from './catalogue.ts';

/** Streams `email-<address key>`: who holds the address. */
export const emailEvents = {
  'email.reserved': eventType(z.object({ userId: z.uuid(), reservationId: z.uuid() })),
  /** Does nothing for any reservation but this one. */
  'email.released': eventType(z.object({ reservationId: z.uuid() })),
};

export type EmailEvent = EventOf<typeof emailEvents>;
