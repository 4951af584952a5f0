import { z } from 'zod';
import { type EventOf, eventType } from './catalogue.ts';

/** Streams `security-<user id>`: what every process must know of a user's sessions. */
export const securityEvents = {
  'session.ended': eventType(z.object({ sessionId: z.uuid(), reason: z.enum(['signed-out', 'refresh-token-reused']) })),
};

export type SecurityEvent = EventOf<typeof securityEvents>;
