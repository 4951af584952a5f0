import { LRUCache } from 'lru-cache';
import { candleStream, type PriceEvent, tickStream } from '../../contracts/events/price-events.ts';
import type { EventStore, RecordedEvent } from '../../contracts/ports/event-store.ts';
import type { ExchangePrice, Kline } from '../../contracts/ports/exchange.ts';
import { type CandleClosed, candleDecider, type RecordCandle, type RecordedMinutes } from './candle.decider.ts';
import { StreamWriter } from './stream-writer.ts';
import { type LastTick, type RecordTick, type Ticked, tickDecider } from './tick.decider.ts';

type TickWriter = StreamWriter<RecordTick, LastTick | undefined, Ticked>;
type CandleWriter = StreamWriter<RecordCandle, RecordedMinutes, CandleClosed>;

/** Streams last a day: of each symbol today's and, around midnight, yesterday's; a page of the past may touch two more. */
const writersFor = (symbols: number) => 2 * symbols + 2;

const commandId = (type: PriceEvent['type'], source: string, symbol: string, timeMs: number) =>
  `${type}:${source}:${symbol}:${timeMs}`;

/**
 * Appends the prices of one source, each once. Serial within a stream.
 * @throws DomainError 'store-unavailable', 'revision-conflict': not recorded for sure, safe to repeat
 */
export class PriceRecorder {
  readonly #store: EventStore;
  readonly #source: string;
  readonly #ticks: LRUCache<string, TickWriter>;
  readonly #candles: LRUCache<string, CandleWriter>;

  /** `symbols`: how many there are, which bounds the memory. */
  constructor(store: EventStore, source: string, symbols = 1) {
    this.#store = store;
    this.#source = source;
    this.#ticks = new LRUCache({ max: writersFor(symbols) });
    this.#candles = new LRUCache({ max: writersFor(symbols) });
  }

  /** Whether the rule of `tick.decider.ts` let it in; also true for the one of two processes that said the same a moment later. */
  tick(price: ExchangePrice, origin: RecordTick['origin'], bucketMs: number): Promise<boolean> {
    const stream = tickStream(this.#source, price.symbol, price.timeMs);
    return this.#tickWriter(stream).record({ type: 'record-tick', source: this.#source, ...price, origin, bucketMs });
  }

  /** How many of them were new to this process. Meant for a page of them at most. */
  async candles(klines: readonly Kline[], backfilled: boolean): Promise<number> {
    const recorded = await Promise.all(
      klines.map((kline) =>
        this.#candleWriter(candleStream(this.#source, kline.symbol, kline.openTimeMs)).record({
          type: 'record-candle',
          source: this.#source,
          ...kline,
          backfilled,
        }),
      ),
    );
    return recorded.filter(Boolean).length;
  }

  #tickWriter(stream: string) {
    const known = this.#ticks.get(stream);
    if (known) return known;
    const writer = new StreamWriter(tickDecider, {
      store: this.#store,
      stream,
      history: () => this.#last(stream),
      commandId: ({ source, symbol, timeMs }, { type }) => commandId(type, source, symbol, timeMs),
    });
    this.#ticks.set(stream, writer);
    return writer;
  }

  #candleWriter(stream: string) {
    const known = this.#candles.get(stream);
    if (known) return known;
    const writer = new StreamWriter(candleDecider, {
      store: this.#store,
      stream,
      history: () => this.#store.read(stream),
      commandId: ({ source, symbol, openTimeMs }, { type }) => commandId(type, source, symbol, openTimeMs),
    });
    this.#candles.set(stream, writer);
    return writer;
  }

  /** Of ticks the last one is all that counts. */
  async *#last(stream: string): AsyncGenerator<RecordedEvent> {
    const last = await this.#store.readLast(stream);
    if (last) yield last;
  }
}
