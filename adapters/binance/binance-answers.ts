import { z } from 'zod';
import type { ExchangePrice, Kline } from '../../contracts/ports/exchange.ts';

/** What the exchange writes is taken over to the letter: prices are never parsed into numbers. */
const Decimal = z.string().regex(/^\d+(\.\d+)?$/);
const Milliseconds = z.int().nonnegative();

/** GET /api/v3/time */
export const ServerTime = z.object({ serverTime: Milliseconds });

/** GET /api/v3/ticker/price?symbols=[…] */
export const TickerPrices = z.array(z.object({ symbol: z.string(), price: Decimal }));

/** GET /api/v3/klines: open time, open, high, low, close, volume, close time, and more that nobody here needs. */
export const Klines = z.array(
  z.tuple([Milliseconds, Decimal, Decimal, Decimal, Decimal, Decimal, Milliseconds]).rest(z.unknown()),
);

/** The body of an error. */
export const Refusal = z.object({ code: z.number(), msg: z.string() });

const MiniTicker = z
  .object({ e: z.literal('24hrMiniTicker'), E: Milliseconds, s: z.string(), c: Decimal })
  .transform(({ E, s, c }) => ({
    type: 'price' as const,
    price: { symbol: s, price: c, timeMs: E } satisfies ExchangePrice,
  }));

const KlineUpdate = z
  .object({
    e: z.literal('kline'),
    s: z.string(),
    k: z.object({ t: Milliseconds, o: Decimal, h: Decimal, l: Decimal, c: Decimal, v: Decimal, x: z.boolean() }),
  })
  .transform(({ s, k }) => ({
    type: 'candle' as const,
    closed: k.x,
    kline: { symbol: s, openTimeMs: k.t, open: k.o, high: k.h, low: k.l, close: k.c, volume: k.v } satisfies Kline,
  }));

const ServerShutdown = z.object({ e: z.literal('serverShutdown') }).transform(() => ({ type: 'shutdown' as const }));

const StreamEvent = z.union([MiniTicker, KlineUpdate, ServerShutdown]);

/** What a combined stream sends; the announcement of a shutdown belongs to no stream and may come bare. */
export const StreamMessage = z.union([z.object({ data: StreamEvent }).transform(({ data }) => data), StreamEvent]);
export type StreamMessage = z.output<typeof StreamMessage>;
