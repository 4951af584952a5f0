import { z } from 'zod';
import type { BackOff } from '../../contracts/back-off.ts';
import { DomainError } from '../../contracts/errors.ts';
import type { Exchange, ExchangeMessage, ExchangePrice, Kline } from '../../contracts/ports/exchange.ts';
import { Klines, ServerTime, TickerPrices } from './binance-answers.ts';
import { type Answer, BinanceRest } from './binance-rest.ts';
import { followPrices } from './follow-prices.ts';
import { type GateLimits, gateLimits } from './request-gate.ts';

export interface BinanceOptions {
  /** Without a slash at the end. */
  readonly restUrl?: string;
  /** Without path. */
  readonly webSocketUrl?: string;
  readonly timeoutMs?: number;
  readonly handshakeTimeoutMs?: number;
  readonly idleMs?: number;
  readonly quietMs?: number;
  readonly maxAgeMs?: number;
  readonly backOff?: Partial<BackOff>;
  readonly queueLimit?: number;
  readonly limits?: Partial<GateLimits>;
}

const defaults = {
  // Market data only, without a key.
  restUrl: 'https://data-api.binance.vision',
  webSocketUrl: 'wss://data-stream.binance.vision',
  timeoutMs: 10_000,
  handshakeTimeoutMs: 10_000,
  // Binance pings every 20 s: two have not come.
  idleMs: 45_000,
  // A symbol's candle closes each minute, traded or not: two have not come.
  quietMs: 150_000,
  maxAgeMs: 23 * 3_600_000,
  queueLimit: 1_000,
};
const defaultBackOff: BackOff = { baseMs: 1_000, maxMs: 30_000, random: Math.random };
const pageSize = 1_000;
const minuteMs = 60_000;
/** Request weights as documented by Binance. */
const weights = { ping: 1, time: 1, price: 4, klines: 2 };

/** Binance's spot market, or what speaks like it. */
export class BinanceExchange implements Exchange {
  readonly #options;
  readonly #backOff: BackOff;
  readonly #rest: BinanceRest;
  #source: string | undefined;
  #malformed = 0;

  constructor({ backOff, limits, ...options }: BinanceOptions = {}) {
    this.#options = { ...defaults, ...options };
    this.#backOff = { ...defaultBackOff, ...backOff };
    this.#rest = new BinanceRest({ ...this.#options, limits: { ...gateLimits, ...limits } });
  }

  /** Messages of the stream that were passed over because nobody could read them. */
  get malformed(): number {
    return this.#malformed;
  }

  /** Asked once, and again after somebody answered by another name. */
  async source(signal: AbortSignal): Promise<string> {
    return this.#source ?? this.#askSource(signal);
  }

  async time(signal: AbortSignal): Promise<number> {
    return this.#known(await this.#rest.get('/api/v3/time', {}, weights.time, ServerTime, signal)).serverTime;
  }

  /**
   * The clock is asked each time, because a simulator's may run a thousand times as fast as ours, and before the
   * prices: so a price is never stamped later than it was true.
   */
  async prices(symbols: readonly string[], signal: AbortSignal): Promise<readonly ExchangePrice[]> {
    if (symbols.length === 0) return [];
    const timeMs = await this.time(signal);
    const params = { symbols: JSON.stringify(symbols) };
    const answer = await this.#rest.get('/api/v3/ticker/price', params, weights.price, TickerPrices, signal);
    const prices = new Map(this.#known(answer).map(({ symbol, price }) => [symbol, price]));
    return symbols.map((symbol) => {
      const price = prices.get(symbol);
      if (price === undefined) throw new DomainError('exchange-unavailable', { detail: `no price of ${symbol}` });
      return { symbol, price, timeMs };
    });
  }

  async *klines(symbol: string, fromMs: number, toMs: number, signal: AbortSignal): AsyncIterable<Kline> {
    const nowMs = await this.time(signal);
    for (let startTime = fromMs; startTime < toMs; ) {
      const params = { symbol, interval: '1m', startTime, endTime: toMs - 1, limit: pageSize };
      const answer = await this.#rest.get('/api/v3/klines', params, weights.klines, Klines, signal);
      const page = this.#known(answer);
      if (page.some(([openTimeMs]) => openTimeMs < startTime || openTimeMs >= toMs)) {
        throw new DomainError('exchange-unavailable', { detail: 'candles of another time than asked for' });
      }
      for (const [openTimeMs, open, high, low, close, volume, closeTimeMs] of page) {
        if (closeTimeMs < nowMs) yield { symbol, openTimeMs, open, high, low, close, volume };
      }
      const last = page.at(-1);
      if (page.length < pageSize || !last) return;
      startTime = last[0] + minuteMs;
    }
  }

  follow(symbols: readonly string[], signal: AbortSignal): AsyncIterable<ExchangeMessage> {
    const options = {
      ...this.#options,
      backOff: this.#backOff,
      source: (asking: AbortSignal) => this.source(asking),
      mistaken: () => {
        this.#source = undefined;
      },
      malformed: () => {
        this.#malformed++;
      },
    };
    return followPrices(options, symbols, signal);
  }

  /** Closes idle connections. End what follows first. */
  close(): void {
    this.#rest.close();
  }

  async #askSource(signal: AbortSignal): Promise<string> {
    const { source } = await this.#rest.get('/api/v3/ping', {}, weights.ping, z.unknown(), signal);
    this.#source = source;
    return source;
  }

  /** The answer's body, if it comes from the side that we took it for. */
  #known<T>({ body, source }: Answer<T>): T {
    this.#source ??= source;
    if (source === this.#source) return body;
    // Whoever records under the old name must ask again before taking anything from the new one.
    this.#source = undefined;
    throw new DomainError('exchange-unavailable', { detail: `another side answers, by the name ${source}` });
  }
}
