import type { RecordedEvent } from './ports/event-store.ts';

/** What the system does by itself when something has happened. At least once for each event, in order within a stream. */
export interface Policy {
  readonly name: string;
  /** Beginnings of the stream names it reads. */
  readonly streams: readonly string[];
  /** Does it again harmlessly when it has been done. Personal fields are sealed. A type without a reaction is passed over. */
  readonly on: { readonly [type: string]: ((event: RecordedEvent) => Promise<void>) | undefined };
}
