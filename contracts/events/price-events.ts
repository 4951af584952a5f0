import { z } from 'zod';
import { type EventOf, eventType } from './catalogue.ts';

/** A number as the exchange wrote it: never through a float. */
export const Decimal = z.string().regex(/^\d+(\.\d+)?$/);

const Market = {
  /** `binance`, or the name of a simulator. */
  source: z.string(),
  symbol: z.string(),
};

/** Streams `ticks-<source>-<SYMBOL>-<yyyy-mm-dd>` and `candles-<source>-<SYMBOL>-<yyyy-mm-dd>`, days of exchange time (UTC). */
export const priceEvents = {
  'price.ticked': eventType(
    z.object({
      ...Market,
      price: Decimal,
      /** Exchange time, Unix milliseconds. */
      timeMs: z.int().nonnegative(),
      /** By the minute poll (also when nothing changed), or by the live stream. */
      origin: z.enum(['poll', 'stream']),
    }),
    { chained: false },
  ),
  'candle.closed': eventType(
    z.object({
      ...Market,
      openTimeMs: z.int().nonnegative(),
      open: Decimal,
      high: Decimal,
      low: Decimal,
      close: Decimal,
      volume: Decimal,
      /** Asked for after a gap, not heard live. Since version 2. */
      backfilled: z.boolean(),
    }),
    { upcasts: [(data) => ({ ...data, backfilled: false })] },
  ),
};

export type PriceEvent = EventOf<typeof priceEvents>;

const dayOf = (timeMs: number) => new Date(timeMs).toISOString().slice(0, 10);
export const tickStream = (source: string, symbol: string, timeMs: number): string =>
  `ticks-${source}-${symbol}-${dayOf(timeMs)}`;
export const candleStream = (source: string, symbol: string, openTimeMs: number): string =>
  `candles-${source}-${symbol}-${dayOf(openTimeMs)}`;
