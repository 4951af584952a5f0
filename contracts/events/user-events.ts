import { z } from 'zod';
import { type EventOf, eventType, personal } from './catalogue.ts';

/** Which address, and by which reservation, in a form that outlives the person's key. */
const address = { addressKey: z.string(), reservationId: z.uuid() };

/** Streams `user-<user id>`. */
export const userEvents = {
  'user.created': eventType(z.object({ email: personal(z.string()), name: personal(z.string()), ...address })),
  'user.profile-changed': eventType(z.object({ name: personal(z.string()) })),
  'user.email-changed': eventType(
    z.object({
      email: personal(z.string()),
      ...address,
      /** What was given up. Absent when only the spelling changed. */
      previous: z.object(address).optional(),
    }),
  ),
  /** Nobody will finish this change: its reservation is worth nothing. */
  'user.email-change-abandoned': eventType(z.object(address)),
  /** Nobody will finish this registration: the stream's first and only event. */
  'user.registration-abandoned': eventType(z.object({})),
  /** Is about to become, or is, an admin by this appointment; must be dismissed before the account can be deleted. */
  'user.appointed': eventType(z.object({ appointmentId: z.uuid() })),
  'user.dismissed': eventType(z.object({ appointmentId: z.uuid() })),
  'user.deleted': eventType(z.object(address)),
};

export type UserEvent = EventOf<typeof userEvents>;
