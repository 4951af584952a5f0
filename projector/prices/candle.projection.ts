import type { PriceEvent } from '../../contracts/events/price-events.ts';
import type { Projection } from '../../contracts/projection.ts';

/** Prices and volume are decimals, as the exchange wrote them. */
export type CandleRow = {
  readonly openTime: string;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
  readonly source: string;
  readonly backfilled: boolean;
};

type Closed = Extract<PriceEvent, { type: 'candle.closed' }>;

/** By time within a market: 13 digits reach to the year 2286. `openTimeMs` is Unix time. */
export const candleKey = (source: string, symbol: string, openTimeMs: number): string =>
  `${source}/${symbol}/${String(openTimeMs).padStart(13, '0')}`;

export const candles: Projection<CandleRow, Closed> = {
  name: 'candles',
  version: 1,
  streams: ['candles-'],
  key: ({ data: { source, symbol, openTimeMs } }) => candleKey(source, symbol, openTimeMs),
  on: {
    'candle.closed': ({ data: { symbol: _, openTimeMs, ...candle } }) => ({
      openTime: new Date(openTimeMs).toISOString(),
      ...candle,
    }),
  },
};
