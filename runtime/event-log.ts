import { LRUCache } from 'lru-cache';
import { nextRevision } from '../contracts/append-rules.ts';
import type {
  AppendResult,
  EventStore,
  ExpectedRevision,
  NewEvent,
  RecordedEvent,
  Subscribed,
  SubscribeOptions,
} from '../contracts/ports/event-store.ts';
import { type EventCodec, upcast } from './event-codec.ts';

interface Head {
  readonly revision: number;
  readonly mac: string;
}

/** As long as a destroyed key may be remembered elsewhere. */
const openedMs = 5_000;
/** Streams of a person are short; those that are not are read again. */
const longestOpened = 200;

/** Events as the deciders know them, over a store that keeps them sealed and chained. Subscribers get personal fields sealed. */
export class EventLog implements EventStore {
  readonly id: string;
  readonly #store: EventStore;
  readonly #codec: EventCodec;
  /** Who appends has just read: the mac to go on from is at hand. */
  readonly #heads = new LRUCache<string, Head>({ max: 10_000 });
  /** The beginnings of streams that were read just now, opened: what was appended since is all that must be read. */
  readonly #opened = new LRUCache<string, readonly RecordedEvent[]>({
    maxSize: 20_000,
    sizeCalculation: (events) => events.length,
    ttl: openedMs,
  });

  constructor(store: EventStore, codec: EventCodec) {
    this.id = store.id;
    this.#store = store;
    this.#codec = codec;
  }

  async append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<AppendResult> {
    let mac = await this.#macAt(stream, expected);
    let revision = nextRevision(expected);
    const stored: NewEvent[] = [];
    for (const event of events) {
      const next = await this.#codec.encode(stream, revision++, mac, event);
      mac = next.metadata.mac ?? '';
      stored.push(next);
    }
    try {
      return await this.#store.append(stream, expected, stored);
    } finally {
      // A repeat was stored by its first writer, with a mac that this one doesn't know.
      this.#heads.delete(stream);
      if (events.some(({ type }) => type === 'user.deleted')) this.#opened.delete(stream);
    }
  }

  async *read(stream: string, from = 0): AsyncIterable<RecordedEvent> {
    const known = (from === 0 && this.#opened.get(stream)) || [];
    yield* known;
    const fresh: RecordedEvent[] = [];
    for await (const event of this.#store.read(stream, from + known.length)) {
      this.#remember(event);
      const opened = await this.#codec.open(event);
      if (fresh.length < longestOpened) fresh.push(opened);
      yield opened;
    }
    const all = [...known, ...fresh];
    if (from !== 0 || fresh.length === 0 || all.length >= longestOpened) return;
    // What a deletion erases must not live on here.
    if (all.at(-1)?.type === 'user.deleted') this.#opened.delete(stream);
    else this.#opened.set(stream, all);
  }

  async readLast(stream: string): Promise<RecordedEvent | undefined> {
    const event = await this.#store.readLast(stream);
    if (!event) return undefined;
    this.#remember(event);
    return this.#codec.open(event);
  }

  head() {
    return this.#store.head();
  }

  subscribe(options: SubscribeOptions): AsyncIterable<Subscribed> {
    return upcasting(this.#store).subscribe(options);
  }

  #remember({ stream, revision, metadata }: RecordedEvent): void {
    this.#heads.set(stream, { revision, mac: metadata.mac ?? '' });
  }

  async #macAt(stream: string, expected: ExpectedRevision): Promise<string> {
    if (expected === 'none') return '';
    const known = this.#heads.get(stream);
    if (known?.revision === expected) return known.mac;
    // Where the stream has moved on, the append fails or is a repeat, and the mac is not used.
    return (await this.#store.readLast(stream))?.metadata.mac ?? '';
  }
}

/** The same store with data of every type's current version. For those who read without opening: projections, policies. */
export const upcasting = (store: EventStore): EventStore => ({
  id: store.id,
  append: (stream, expected, events) => store.append(stream, expected, events),
  read: (stream, from) => upcastAll(store.read(stream, from)),
  readLast: async (stream) => {
    const event = await store.readLast(stream);
    return event && upcast(event);
  },
  head: () => store.head(),
  subscribe: (options) => upcastItems(store.subscribe(options)),
});

async function* upcastAll(events: AsyncIterable<RecordedEvent>): AsyncIterable<RecordedEvent> {
  for await (const event of events) yield upcast(event);
}

async function* upcastItems(items: AsyncIterable<Subscribed>): AsyncIterable<Subscribed> {
  for await (const item of items) yield item.type === 'event' ? { type: 'event', event: upcast(item.event) } : item;
}
