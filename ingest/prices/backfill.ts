import type { BackOff } from '../../contracts/back-off.ts';
import { isDomainError } from '../../contracts/errors.ts';
import type { EventStore } from '../../contracts/ports/event-store.ts';
import type { Kline } from '../../contracts/ports/exchange.ts';
import type { Log } from '../../contracts/ports/log.ts';
import type { IngestStatus } from '../ingest-status.ts';
import { Outage } from '../outage.ts';
import { retrying } from '../retry.ts';
import { firstMissingCandle } from './first-missing-candle.ts';
import type { Market } from './market.ts';
import type { PriceRecorder } from './price-recorder.ts';

const minuteMs = 60_000;
const pageSize = 500;

export interface BackfillOptions {
  readonly market: Market;
  readonly recorder: PriceRecorder;
  readonly store: EventStore;
  readonly source: string;
  /** How far back where nothing is recorded yet. */
  readonly backfillMinutes: number;
  readonly backOff: BackOff;
  readonly log: Log;
  readonly status: IngestStatus;
}

async function* pages(klines: AsyncIterable<Kline>): AsyncGenerator<readonly Kline[]> {
  let page: Kline[] = [];
  for await (const kline of klines) {
    page.push(kline);
    if (page.length < pageSize) continue;
    yield page;
    page = [];
  }
  yield page;
}

/** Asks for the candles that nobody heard: one symbol after the other, and again those that failed. */
export class Backfill {
  readonly #options: BackfillOptions;
  readonly #outage: Outage;
  /** Open time up to which this process knows all candles of the symbol recorded. */
  readonly #complete = new Map<string, number>();
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #gaveUp = false;

  constructor(options: BackfillOptions) {
    this.#options = options;
    this.#outage = new Outage(options.log, 'the backfill');
  }

  /** Whether it ended early because this process might not record any more. */
  get gaveUp(): boolean {
    return this.#gaveUp;
  }

  /** Fills what is missing up to now; a run under way gives way. Never throws. */
  start(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#gaveUp = false;
    const { signal } = this.#stop;
    this.#running = this.#running.then(() => this.#run(signal));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** A live candle is recorded: it need not be asked for when it goes on where the others end. */
  heard({ symbol, openTimeMs }: Kline): void {
    if (this.#complete.get(symbol) === openTimeMs) this.#complete.set(symbol, openTimeMs + minuteMs);
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { market, backOff, log, status } = this.#options;
    const failed = (error: unknown) => {
      this.#outage.begin(error);
      if (isDomainError(error)) status.lastError = error.code;
    };
    const left = new Set(market.symbols);
    try {
      this.#gaveUp = !(await retrying(() => this.#round(left, signal), { backOff, signal, failed }));
      if (!this.#gaveUp) this.#outage.end();
    } catch (error) {
      if (!signal.aborted) log.error({ err: error }, 'missing candles could not be recorded');
    }
  }

  /**
   * Tries each symbol once, so that one that always fails holds up no other, and takes out what is done with. False
   * when this process may not record any more.
   * @throws the last failure that may go well another time
   */
  async #round(left: Set<string>, signal: AbortSignal): Promise<boolean> {
    const { market, log } = this.#options;
    let failure: unknown;
    for (const symbol of left) {
      try {
        if (!(await this.#fill(symbol, signal))) return false;
        left.delete(symbol);
      } catch (error) {
        signal.throwIfAborted();
        if (isDomainError(error) && error.retriable) {
          failure = error;
          continue;
        }
        left.delete(symbol);
        if (isDomainError(error, 'unknown-symbol')) market.untraded(symbol);
        else log.error({ err: error, symbol }, 'missing candles could not be recorded');
      }
    }
    if (failure !== undefined) throw failure;
    return true;
  }

  /** False when this process may not record any more. */
  async #fill(symbol: string, signal: AbortSignal): Promise<boolean> {
    const { market, store, source, backfillMinutes, log } = this.#options;
    const nowMs = await market.exchange.time(signal);
    const minute = Math.floor(nowMs / minuteMs) * minuteMs;
    const earliest = minute - backfillMinutes * minuteMs;
    const from = this.#complete.get(symbol) ?? (await firstMissingCandle(store, source, symbol, earliest, nowMs));

    let count = 0;
    for await (const page of pages(market.exchange.klines(symbol, from, minute, signal))) {
      if (!(await market.mayRecord(signal))) return false;
      count += await this.#options.recorder.candles(page, true);
      signal.throwIfAborted();
    }
    this.#complete.set(symbol, Math.max(minute, this.#complete.get(symbol) ?? 0));
    if (count > 0) log.info({ symbol, count, from: new Date(from).toISOString() }, 'missing candles recorded');
    return true;
  }
}
