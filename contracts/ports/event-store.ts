/** Where an event stands among all events of the store. Positions rise but may have gaps. */
export type Position = bigint;

export interface Metadata {
  /** Who asked: a user id, or the name of the process that acted by itself (`policy:…`, `ingest`, `setup`). */
  readonly actor: string;
  /** One per thing that somebody asked for. The ids of its events derive from it, so it can be tried again. */
  readonly commandId: string;
  readonly correlationId: string;
  /** The event that this one answers, where a policy acted. */
  readonly causationId?: string;
  /** W3C Trace Context, as the request brought it. */
  readonly traceparent?: string;
  /** Version of the type's schema. Written by the codec. */
  readonly schemaVersion?: number;
  /** Chains the stream's events: see `runtime/event-codec.ts`. */
  readonly mac?: string;
}

export interface NewEvent {
  /** A UUID. */
  readonly id: string;
  readonly type: string;
  /** JSON. */
  readonly data: unknown;
  readonly metadata: Metadata;
}

export interface RecordedEvent extends NewEvent {
  readonly stream: string;
  /** Counts from 0 within the stream. */
  readonly revision: number;
  readonly position: Position;
  readonly recordedAt: Date;
}

/** What the writer has read: the stream's last revision, or that there is no stream. */
export type ExpectedRevision = number | 'none';

export interface AppendResult {
  /** Of the last event written. */
  readonly revision: number;
  readonly position: Position;
  readonly recordedAt: Date;
}

export type Subscribed =
  | { readonly type: 'event'; readonly event: RecordedEvent }
  /**
   * Everything up to here has been given or did not match: a view may say that it is this far. Comes whenever
   * nothing more is at hand, and at least once in every 1,000 events, so it is also where to commit a batch.
   */
  | { readonly type: 'checkpoint'; readonly position: Position }
  /** What was there at the start is done; from here on it is live. Comes once. */
  | { readonly type: 'caught-up' };

export interface SubscribeOptions {
  /** The last position already seen, or any other: need not be an event's. From the first event when absent. */
  readonly after?: Position | undefined;
  /** Beginnings of stream names. All streams when absent. */
  readonly streams?: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

/** Append-only streams of events with one order over all of them. */
export interface EventStore {
  /** Names this store. Another after a restore from somewhere else, so that positions can't be mistaken. */
  readonly id: string;
  /**
   * Appends all events (at least one) or none; on return they are on disk. Repeating an append, that is the same
   * stream, expectation and ids, answers as the first did; any other append to a stream that isn't where `expected`
   * says fails.
   * @throws DomainError 'revision-conflict' (nothing written); 'store-unavailable' (unknown or nothing written: safe to
   * repeat); Error for what can't be stored, such as more than a store takes at once (EventStoreDB: 1 MiB)
   */
  append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<AppendResult>;
  /** From revision `from` (0 when absent) on. Yields nothing for a stream that does not exist. */
  read(stream: string, from?: number): AsyncIterable<RecordedEvent>;
  readLast(stream: string): Promise<RecordedEvent | undefined>;
  /**
   * The last position written, 0 in an empty store; on a server that stores share, it may be one behind it. Every
   * subscription comes to it.
   */
  head(): Promise<Position>;
  /**
   * What is there after `after`, then what comes, in order, without gap or double, until the signal aborts.
   * @throws DomainError 'store-unavailable' when the store is lost: subscribe again after the last position seen
   */
  subscribe(options: SubscribeOptions): AsyncIterable<Subscribed>;
}
