import { type Decider, fold } from '../contracts/decider.ts';
import { DomainError, isDomainError } from '../contracts/errors.ts';
import { eventId } from '../contracts/events/event-id.ts';
import type { EventStore, ExpectedRevision, Metadata, Position } from '../contracts/ports/event-store.ts';
import { applyRule } from '../contracts/rules.ts';

export interface Decision<State> {
  readonly state: State;
  /** −1 for a stream without events. */
  readonly revision: number;
  /** How far a reader must be to see this. Undefined for a stream without events. */
  readonly position: Position | undefined;
  /** When the stream's first event was recorded. */
  readonly createdAt: Date | undefined;
  /** When its last one was. */
  readonly updatedAt: Date | undefined;
}

/** How often a race is lost before the caller is asked to come again. */
const attempts = 10;

/** What the stream's events make of the state, and where the stream is. */
export const readState = async <Command extends { type: string }, State, Event extends { type: string }>(
  store: EventStore,
  decider: Decider<Command, State, Event>,
  stream: string,
  commandId?: string,
): Promise<{ readonly now: Decision<State>; readonly done: Decision<State> | undefined }> => {
  let now: Decision<State> = {
    state: decider.initial,
    revision: -1,
    position: undefined,
    createdAt: undefined,
    updatedAt: undefined,
  };
  let done: Decision<State> | undefined;
  for await (const event of store.read(stream)) {
    now = {
      state: fold(decider, now.state, [event as unknown as Event]),
      revision: event.revision,
      position: event.position,
      createdAt: now.createdAt ?? event.recordedAt,
      updatedAt: event.recordedAt,
    };
    if (event.metadata.commandId === commandId) done = now;
  }
  return { now, done };
};

/**
 * Folds the stream, decides, and appends where the stream was read.
 * A command that has been done already (its events are met while folding) is answered as it was then.
 * `expected` is the revision that the caller saw (If-Match), or 'none': where the stream is at another, the command
 * fails before deciding. Without it a lost race is decided again.
 * @throws DomainError 'revision-conflict' when `expected` was named; 'busy' when the race was lost too often; what the
 * decider throws; 'store-unavailable'
 */
export const handle = async <Command extends { type: string }, State, Event extends { type: string }>(
  store: EventStore,
  decider: Decider<Command, State, Event>,
  stream: string,
  command: Command,
  metadata: Metadata,
  expected?: ExpectedRevision,
): Promise<Decision<State>> => {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const { now, done } = await readState(store, decider, stream, metadata.commandId);
    if (done) return done;
    const at = now.revision < 0 ? 'none' : now.revision;
    if (expected !== undefined && expected !== at) throw new DomainError('revision-conflict');

    const events = applyRule(decider.decide, command, now.state);
    if (events.length === 0) return now;
    const recorded = events.map((event, index) => ({
      data: undefined,
      ...event,
      id: eventId(metadata.commandId, stream, index),
      metadata,
    }));
    try {
      const { revision, position, recordedAt } = await store.append(stream, at, recorded);
      return {
        state: fold(decider, now.state, events),
        revision,
        position,
        createdAt: now.createdAt ?? recordedAt,
        updatedAt: recordedAt,
      };
    } catch (error) {
      if (expected !== undefined || !isDomainError(error, 'revision-conflict')) throw error;
    }
  }
  throw new DomainError('busy', { detail: 'others keep changing the same thing', retryAfterSeconds: 1 });
};
