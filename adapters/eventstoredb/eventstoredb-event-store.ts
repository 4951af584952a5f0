import type {
  AppendResult,
  EventStore,
  ExpectedRevision,
  NewEvent,
  Position,
  RecordedEvent,
  Subscribed,
  SubscribeOptions,
} from '../../contracts/ports/event-store.ts';
import type { Log } from '../../contracts/ports/log.ts';
import { Appends } from './appends.ts';
import { Connection } from './connection.ts';
import { type Identity, identityOf } from './identity.ts';
import { lastPositionOf } from './log-end.ts';
import { first } from './pull.ts';
import { readStream } from './read-stream.ts';
import { storeUnavailable } from './store-unavailable.ts';
import { StreamNames } from './stream-names.ts';
import { Subscriptions } from './subscriptions.ts';

export interface EventStoreDbOptions {
  /** `esdb://[user:password@]host:port?tls=…`; `esdb+discover://` for a cluster. */
  readonly url: string;
  /** Keeps stores on the same server apart: letters, digits, _ and -. */
  readonly namespace?: string;
  readonly log: Log;
  /** How long an append may take, and a read to bring its next event. */
  readonly deadlineMs?: number;
}

/**
 * @throws DomainError 'store-unavailable' when the server is away or not ready: try again; Error for a URL or a
 * namespace that can't be used
 */
export const openEventStoreDb = async (options: EventStoreDbOptions): Promise<EventStoreDbEventStore> => {
  const { url, namespace, log, deadlineMs = 3_000 } = options;
  const names = new StreamNames(namespace);
  const connection = new Connection(url, deadlineMs, log);
  try {
    return new EventStoreDbEventStore(connection, names, await identityOf(connection.link, names.identity));
  } catch (error) {
    connection.close();
    throw error;
  }
};

/** Events in EventStoreDB (24 and later), or KurrentDB. Any number of processes may use it. */
export class EventStoreDbEventStore implements EventStore {
  readonly id: string;
  readonly #connection: Connection;
  readonly #names: StreamNames;
  readonly #subscriptions: Subscriptions;
  readonly #appends: Appends;

  constructor(connection: Connection, names: StreamNames, { id, position }: Identity) {
    this.id = id;
    this.#connection = connection;
    this.#names = names;
    const link = () => connection.link;
    this.#subscriptions = new Subscriptions({ link, names, start: position });
    this.#appends = new Appends({ link, names, heardOf: () => this.#subscriptions.upTo });
  }

  append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<AppendResult> {
    return this.#appends.append(stream, expected, events);
  }

  async *read(stream: string, from = 0): AsyncIterable<RecordedEvent> {
    yield* readStream(this.#connection.link, { name: this.#names.inStore(stream), stream, from });
  }

  async readLast(stream: string): Promise<RecordedEvent | undefined> {
    const name = this.#names.inStore(stream);
    return first(readStream(this.#connection.link, { name, stream, from: 'last' }));
  }

  /**
   * Where nothing of this store is among the last 500 events of a server that it shares, a position behind the last one
   * written.
   */
  async head(): Promise<Position> {
    try {
      return await lastPositionOf(this.#connection.link, this.#names);
    } catch (error) {
      throw storeUnavailable(error);
    }
  }

  /** @throws DomainError 'store-unavailable' when the server is lost: subscribe again behind the last position seen */
  subscribe(options: SubscribeOptions): AsyncIterable<Subscribed> {
    return this.#subscriptions.subscribe(options);
  }

  /** Waits for the appends under way, ends subscriptions and reads, and leaves the server. */
  async close(): Promise<void> {
    await this.#appends.close();
    this.#connection.close();
  }
}
