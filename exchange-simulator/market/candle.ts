import type { Fixed } from './fixed-point.ts';

export const minuteMs = 60_000;
export const minuteOf = (timeMs: number): number => Math.floor(timeMs / minuteMs) * minuteMs;

export interface Trade {
  readonly symbol: string;
  /** Counts up by one within a symbol. */
  readonly id: number;
  readonly price: Fixed;
  readonly quantity: Fixed;
  /** Exchange time, Unix milliseconds. */
  readonly timeMs: number;
  readonly buyerIsMaker: boolean;
}

/** Everything that Binance tells of a kline. The quote volumes have sixteen places. */
export interface Candle {
  readonly openTimeMs: number;
  readonly open: Fixed;
  readonly high: Fixed;
  readonly low: Fixed;
  readonly close: Fixed;
  readonly volume: Fixed;
  readonly quoteVolume: bigint;
  readonly takerVolume: Fixed;
  readonly takerQuoteVolume: bigint;
  readonly trades: number;
  /** -1 without trades. */
  readonly firstTradeId: number;
  readonly lastTradeId: number;
}

/** A candle without trades stays at the price before it. */
export const flatCandle = (openTimeMs: number, price: Fixed): Candle => ({
  openTimeMs,
  open: price,
  high: price,
  low: price,
  close: price,
  volume: 0n,
  quoteVolume: 0n,
  takerVolume: 0n,
  takerQuoteVolume: 0n,
  trades: 0,
  firstTradeId: -1,
  lastTradeId: -1,
});

const higher = (a: Fixed, b: Fixed) => (a > b ? a : b);
const lower = (a: Fixed, b: Fixed) => (a < b ? a : b);

const ofTrade = (openTimeMs: number, trade: Trade): Candle => {
  const value = trade.price * trade.quantity;
  return {
    ...flatCandle(openTimeMs, trade.price),
    volume: trade.quantity,
    quoteVolume: value,
    takerVolume: trade.buyerIsMaker ? 0n : trade.quantity,
    takerQuoteVolume: trade.buyerIsMaker ? 0n : value,
    trades: 1,
    firstTradeId: trade.id,
    lastTradeId: trade.id,
  };
};

/** One candle out of two that follow each other. One without trades adds nothing, not even its price. */
export const joinCandles = (earlier: Candle, later: Candle): Candle => {
  if (later.trades === 0) return earlier;
  if (earlier.trades === 0) return { ...later, openTimeMs: earlier.openTimeMs };
  return {
    openTimeMs: earlier.openTimeMs,
    open: earlier.open,
    high: higher(earlier.high, later.high),
    low: lower(earlier.low, later.low),
    close: later.close,
    volume: earlier.volume + later.volume,
    quoteVolume: earlier.quoteVolume + later.quoteVolume,
    takerVolume: earlier.takerVolume + later.takerVolume,
    takerQuoteVolume: earlier.takerQuoteVolume + later.takerQuoteVolume,
    trades: earlier.trades + later.trades,
    firstTradeId: earlier.firstTradeId,
    lastTradeId: later.lastTradeId,
  };
};

/** The candle with one more trade in it. */
export const foldTrade = (candle: Candle, trade: Trade): Candle =>
  joinCandles(candle, ofTrade(candle.openTimeMs, trade));
