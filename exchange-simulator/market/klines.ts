import { type Candle, joinCandles, minuteMs } from './candle.ts';

/** The intervals that divide the UTC day; Binance's longer ones and seconds are not made here. */
export const intervalsMs: ReadonlyMap<string, number> = new Map([
  ['1m', minuteMs],
  ['3m', 3 * minuteMs],
  ['5m', 5 * minuteMs],
  ['15m', 15 * minuteMs],
  ['30m', 30 * minuteMs],
  ['1h', 60 * minuteMs],
  ['2h', 120 * minuteMs],
  ['4h', 240 * minuteMs],
  ['6h', 360 * minuteMs],
  ['8h', 480 * minuteMs],
  ['12h', 720 * minuteMs],
  ['1d', 1440 * minuteMs],
]);

export interface KlineRange {
  readonly intervalMs: number;
  /** Open times, both included. */
  readonly startTimeMs: number | undefined;
  readonly endTimeMs: number | undefined;
  readonly limit: number;
}

/**
 * Candles of an interval, the oldest first, the open one included: with a start the first `limit` from there, without
 * one the last `limit`.
 * @param minutes one-minute candles without gaps
 */
export const klines = (minutes: readonly Candle[], range: KlineRange): readonly Candle[] => {
  const { intervalMs, startTimeMs, endTimeMs, limit } = range;
  const firstMs = minutes[0]?.openTimeMs;
  const lastMs = minutes.at(-1)?.openTimeMs;
  if (firstMs === undefined || lastMs === undefined) return [];
  let first = Math.max(Math.floor(firstMs / intervalMs), Math.ceil((startTimeMs ?? 0) / intervalMs));
  let last = Math.floor(Math.min(lastMs, endTimeMs ?? lastMs) / intervalMs);
  if (startTimeMs === undefined) first = Math.max(first, last - limit + 1);
  else last = Math.min(last, first + limit - 1);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, step) => {
    const openTimeMs = (first + step) * intervalMs;
    const from = (openTimeMs - firstMs) / minuteMs;
    const joined = minutes.slice(Math.max(0, from), from + intervalMs / minuteMs).reduce(joinCandles);
    return { ...joined, openTimeMs };
  });
};
