import type { Decider } from '../../contracts/decider.ts';
import type { SecurityEvent } from '../../contracts/events/security-events.ts';

export interface SecurityCommand {
  readonly type: 'end-session';
  readonly sessionId: string;
  readonly reason: Extract<SecurityEvent, { type: 'session.ended' }>['data']['reason'];
}

/** Needs no state: a session ends by a command of its own id, so that a repeat is known by that. */
export const securityDecider: Decider<SecurityCommand, undefined, SecurityEvent> = {
  initial: undefined,
  decide: {
    'end-session': ({ sessionId, reason }) => [{ type: 'session.ended', data: { sessionId, reason } }],
  },
  evolve: { 'session.ended': () => undefined },
};
