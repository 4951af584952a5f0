import { type AllStreamRecordedEvent, BACKWARDS, END, FORWARDS, type ResolvedEvent } from '@eventstore/db-client';
import type { RecordedEvent } from '../../contracts/ports/event-store.ts';
import type { Link } from './link.ts';
import { pull } from './pull.ts';
import { isMissingStream, storeUnavailable } from './store-unavailable.ts';
import { recordedEvent } from './stored-event.ts';

interface ReadStreamOptions {
  /** What the server calls it. */
  readonly name: string;
  /** What the port calls it. */
  readonly stream: string;
  /** The first revision to read, or 'last' for the last event alone. */
  readonly from: number | 'last';
  readonly maxCount?: number;
}

/**
 * A stream's events; none of a stream that does not exist or has been deleted.
 * @throws DomainError 'store-unavailable'
 */
export async function* readStream(link: Link, options: ReadStreamOptions): AsyncIterable<RecordedEvent> {
  const { name, stream, from, maxCount } = options;
  const call = link.client.readStream(name, {
    ...(from === 'last'
      ? { direction: BACKWARDS, fromRevision: END, maxCount: 1 }
      : { direction: FORWARDS, fromRevision: BigInt(from), ...(maxCount !== undefined && { maxCount }) }),
  });
  try {
    for await (const { event } of pull<ResolvedEvent>(call, { link })) {
      // Servers before 22.6 left the position out; this one is never asked without.
      if (event) yield recordedEvent(stream, event as AllStreamRecordedEvent);
    }
  } catch (error) {
    if (!isMissingStream(error)) throw storeUnavailable(error);
  }
}
