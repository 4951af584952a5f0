import type { AllStreamRecordedEvent } from '@eventstore/db-client';
import type { Metadata, RecordedEvent } from '../../contracts/ports/event-store.ts';

/** What is kept beside the metadata, in the same JSON. */
interface Added {
  /** When the writer appended: the server answers an append without saying when it recorded it. */
  readonly recordedAt?: unknown;
  /** By these the server's own tools find what belongs together. */
  readonly $correlationId?: unknown;
  readonly $causationId?: unknown;
}

export const storedMetadata = (metadata: Metadata, recordedAt: Date): Metadata & Added => ({
  ...metadata,
  recordedAt: recordedAt.toISOString(),
  $correlationId: metadata.correlationId,
  $causationId: metadata.causationId,
});

/** An event that was put into the server by something else may have any metadata, or none. */
const isOurs = (stored: unknown): stored is Metadata & Added =>
  typeof stored === 'object' &&
  stored !== null &&
  ['actor', 'commandId', 'correlationId'].every(
    (name) => typeof (stored as Record<string, unknown>)[name] === 'string',
  );

const time = (stored: unknown): Date | undefined => {
  const date = typeof stored === 'string' ? new Date(stored) : undefined;
  return date && !Number.isNaN(date.getTime()) ? date : undefined;
};

/** The server's event as the port gives it. Foreign data that isn't JSON reads as null. */
export const recordedEvent = (stream: string, event: AllStreamRecordedEvent): RecordedEvent => {
  const foreign = { actor: 'unknown', commandId: event.id, correlationId: event.id };
  const stored: unknown = event.metadata;
  // The order of the names is kept: a mac is computed over them.
  const {
    recordedAt,
    $correlationId: _,
    $causationId: __,
    ...metadata
  }: Metadata & Added = isOurs(stored) ? stored : foreign;
  return {
    id: event.id,
    type: event.type,
    data: event.isJson ? event.data : null,
    metadata,
    stream,
    revision: Number(event.revision),
    position: event.position.commit,
    recordedAt: time(recordedAt) ?? event.created,
  };
};

/**
 * Whether subscribers can be given it. The server's own types and what isn't JSON is nobody's; events of an explicit
 * transaction, which only the protocol before gRPC could make, share a position and so couldn't be resumed between.
 */
export const isForSubscribers = ({ isJson, type, position }: AllStreamRecordedEvent): boolean =>
  isJson && !type.startsWith('$') && position.commit === position.prepare;
