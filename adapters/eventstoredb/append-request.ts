import { randomUUID } from 'node:crypto';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import type { BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ExpectedRevision, NewEvent } from '../../contracts/ports/event-store.ts';
import { storedMetadata } from './stored-event.ts';
import { loneSurrogate } from './stream-names.ts';

/** What the server takes in one append at most, by its own default. */
export const largestAppendBytes = 1_048_576;

/** As the server gives ids back: another spelling would not be recognised in a repeat. */
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * One append as one message of the server's BatchAppend, under an id of its own. Everything that the server can't take
 * is found here, since it answers some of it never.
 * @throws Error for what can't be stored: a bug of the caller
 */
export const appendRequest = (
  name: string,
  expected: ExpectedRevision,
  events: readonly NewEvent[],
  recordedAt: Date,
): { readonly id: string; readonly request: BatchAppendReq } => {
  if (events.length === 0) throw new Error('an append brings at least one event');
  if (expected !== 'none' && !(Number.isSafeInteger(expected) && expected >= 0)) {
    throw new Error(`not a revision: ${expected}`);
  }
  const options = new streams.BatchAppendReq.Options();
  options.setStreamIdentifier(new shared.StreamIdentifier().setStreamName(Buffer.from(name)));
  if (expected === 'none') options.setNoStream(new shared.Empty());
  else options.setStreamPosition(String(expected));
  const id = randomUUID();
  const request = new streams.BatchAppendReq().setCorrelationId(uuidOf(id)).setOptions(options).setIsFinal(true);
  let bytes = 0;
  for (const event of events) {
    const [data, metadata] = [bytesOf(event.data), bytesOf(storedMetadata(event.metadata, recordedAt))];
    // As the server counts: types in UTF-16. Version 24.6 counts the data alone, others all of it.
    bytes += data.length + metadata.length + 2 * event.type.length;
    request.addProposedMessages(proposedMessage(event, data, metadata));
  }
  if (bytes > largestAppendBytes) {
    throw new Error(`an append of ${bytes} bytes is too large: the server takes ${largestAppendBytes}`);
  }
  return { id, request };
};

const uuidOf = (id: string) => new shared.UUID().setString(id);

const bytesOf = (value: unknown): Buffer => {
  const json = JSON.stringify(value);
  if (json === undefined) throw new Error('an event’s data can be written as JSON');
  return Buffer.from(json);
};

const proposedMessage = ({ id, type }: NewEvent, data: Buffer, metadata: Buffer) => {
  if (!uuid.test(id) || !/[1-9a-f]/.test(id)) throw new Error(`an event’s id is a UUID in small letters, not ${id}`);
  // Those with a $ are the server's own, and subscribers don't get them.
  if (!/^[^$]/.test(type) || loneSurrogate.test(type)) throw new Error(`not an event’s type: ${JSON.stringify(type)}`);
  const message = new streams.BatchAppendReq.ProposedMessage();
  message.getMetadataMap().set('type', type).set('content-type', 'application/json');
  return message.setId(uuidOf(id)).setData(data).setCustomMetadata(metadata);
};
