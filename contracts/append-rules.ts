import { DomainError } from './errors.ts';
import type { AppendResult, ExpectedRevision, NewEvent } from './ports/event-store.ts';

/** The revision that the first of the events gets, when the stream is where the writer thinks. */
export const nextRevision = (expected: ExpectedRevision): number => (expected === 'none' ? 0 : expected + 1);

/**
 * What to answer an append that does not meet the stream where it expects it: `there` are the stream's events from the
 * expected place on, as many as the append brings. The same ids mean that it has been done already.
 * @throws DomainError 'revision-conflict'
 */
export const answerRepeat = (
  there: readonly (AppendResult & { readonly id: string })[],
  events: readonly NewEvent[],
): AppendResult => {
  const last = there.at(-1);
  const repeated = there.length === events.length && there.every(({ id }, index) => id === events[index]?.id);
  if (!last || !repeated) throw new DomainError('revision-conflict');
  return { revision: last.revision, position: last.position, recordedAt: last.recordedAt };
};
