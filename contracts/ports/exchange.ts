/** Prices and volumes are decimal strings as the exchange wrote them; times are exchange time in Unix milliseconds. */
export interface ExchangePrice {
  readonly symbol: string;
  readonly price: string;
  readonly timeMs: number;
}

/** A one-minute candle that is closed. */
export interface Kline {
  readonly symbol: string;
  /** The minute's first millisecond. */
  readonly openTimeMs: number;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  /** Of the base asset. */
  readonly volume: string;
}

export type ExchangeMessage =
  /** The stream (again) delivers; what happened in between must be asked for. */
  | { readonly type: 'connected' }
  | { readonly type: 'disconnected'; readonly reason: string }
  | { readonly type: 'price'; readonly price: ExchangePrice }
  | { readonly type: 'candle'; readonly kline: Kline };

/**
 * A market that prices come from.
 * @throws DomainError 'exchange-unavailable' with `retryAfterSeconds` where the exchange said how long to stay away;
 * 'unknown-symbol' when it does not trade the symbol.
 */
export interface Exchange {
  /**
   * The name that the other side goes by: `binance`, or what a simulator calls itself. It is part of stream names and
   * view keys, so that invented prices never mix with real ones.
   */
  source(signal: AbortSignal): Promise<string>;
  /** The exchange's clock, in Unix milliseconds. */
  time(signal: AbortSignal): Promise<number>;
  /** The latest price of each symbol, stamped with the exchange's clock. */
  prices(symbols: readonly string[], signal: AbortSignal): Promise<readonly ExchangePrice[]>;
  /** Closed candles that open at or after `fromMs` and before `toMs`, oldest first, as many pages as it takes. */
  klines(symbol: string, fromMs: number, toMs: number, signal: AbortSignal): AsyncIterable<Kline>;
  /** Live prices and closed candles until the signal aborts; reconnects by itself, and says so. Never throws. */
  follow(symbols: readonly string[], signal: AbortSignal): AsyncIterable<ExchangeMessage>;
}
