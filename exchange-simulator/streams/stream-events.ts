import { type Candle, joinCandles, minuteMs, type Trade } from '../market/candle.ts';
import { printFixed, printProduct } from '../market/fixed-point.ts';

const dayMs = 24 * 60 * minuteMs;

export const tradeEvent = ({ symbol, id, price, quantity, timeMs, buyerIsMaker }: Trade) => ({
  e: 'trade',
  E: timeMs,
  s: symbol,
  t: id,
  p: printFixed(price),
  q: printFixed(quantity),
  T: timeMs,
  m: buyerIsMaker,
  M: true,
});

/** @param closed whether this is the minute's last word */
export const klineEvent = (symbol: string, candle: Candle, closed: boolean, eventTimeMs: number) => ({
  e: 'kline',
  E: eventTimeMs,
  s: symbol,
  k: {
    t: candle.openTimeMs,
    T: candle.openTimeMs + minuteMs - 1,
    s: symbol,
    i: '1m',
    f: candle.firstTradeId,
    L: candle.lastTradeId,
    o: printFixed(candle.open),
    c: printFixed(candle.close),
    h: printFixed(candle.high),
    l: printFixed(candle.low),
    v: printFixed(candle.volume),
    n: candle.trades,
    x: closed,
    q: printProduct(candle.quoteVolume),
    V: printFixed(candle.takerVolume),
    Q: printProduct(candle.takerQuoteVolume),
    B: '0',
  },
});

/** Of the last 24 hours in whole minutes: the window may be up to a minute too short. */
export const miniTickerEvent = (symbol: string, candles: readonly Candle[], eventTimeMs: number) => {
  const { open, high, low, close, volume, quoteVolume } = candles
    .slice(-dayMs / minuteMs)
    .filter(({ openTimeMs }) => openTimeMs > eventTimeMs - dayMs)
    .reduce(joinCandles);
  return {
    e: '24hrMiniTicker',
    E: eventTimeMs,
    s: symbol,
    c: printFixed(close),
    o: printFixed(open),
    h: printFixed(high),
    l: printFixed(low),
    v: printFixed(volume),
    q: printProduct(quoteVolume),
  };
};

export const serverShutdownEvent = (eventTimeMs: number) => ({ e: 'serverShutdown', E: eventTimeMs });
