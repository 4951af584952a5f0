import type { Decider } from '../../contracts/decider.ts';
import type { SecurityEvent } from '../../contracts/events/security-events.ts';

export interface SecurityCommand {
  readonly type: 'end-session';
  readonly sessionId: string;
  readonly reason: Extract<SecurityEvent, { type: 'session.ended' }>['data']['reason'];
}

/** The sessions that have ended. */
type Ended = ReadonlySet<string>;

export const securityDecider: Decider<SecurityCommand, Ended, SecurityEvent> = {
  initial: new Set(),
  decide: {
    'end-session': ({ sessionId, reason }, ended) =>
      ended.has(sessionId) ? [] : [{ type: 'session.ended', data: { sessionId, reason } }],
  },
  evolve: { 'session.ended': ({ data }, ended) => new Set([...ended, data.sessionId]) },
};
