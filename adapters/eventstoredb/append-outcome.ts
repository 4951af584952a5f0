import type { BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js';
import { DomainError } from '../../contracts/errors.ts';
import type { Position } from '../../contracts/ports/event-store.ts';
import { largestAppendBytes } from './append-request.ts';

export interface AppendOutcome {
  /** Of the last event. */
  readonly revision: number;
  /** Of the last event. Absent for a repeat of events that can't be read any more. */
  readonly position: Position | undefined;
}

const conflicts = ['WrongExpectedVersion', 'StreamDeleted'];

/**
 * What the server says of an append. A repeat looks like the first.
 * @throws DomainError 'revision-conflict'; 'store-unavailable'; Error when the server takes less in one append than thought
 */
export const appendOutcome = (answer: BatchAppendResp): AppendOutcome => {
  const success = answer.getSuccess();
  if (success) {
    const position = success.getPosition()?.getCommitPosition();
    return { revision: Number(success.getCurrentRevision()), position: position ? BigInt(position) : undefined };
  }
  const error = answer.getError();
  const type = error?.getDetails()?.getTypeName() ?? '';
  const name = type.slice(type.lastIndexOf('.') + 1);
  if (conflicts.includes(name)) throw new DomainError('revision-conflict');
  if (name === 'MaximumAppendSizeExceeded') {
    throw new Error(`the append is too large: the server is set to take less than ${largestAppendBytes} bytes`);
  }
  throw new DomainError('store-unavailable', {
    detail: 'the event store did not take this',
    cause: new Error(error?.getMessage() || 'the server answered nothing'),
  });
};
