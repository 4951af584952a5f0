import { z } from 'zod';
import { Decimal } from '../events/price-events.ts';
import { operation, page } from './operation.ts';
import { User } from './user-operations.ts';

/** As Binance writes it; lower case is taken too. */
const bySymbol = z.strictObject({
  symbol: z
    .string()
    .regex(/^[A-Za-z0-9]{2,20}$/)
    .transform((symbol) => symbol.toUpperCase()),
});

export const Price = z.object({
  symbol: z.string(),
  price: Decimal,
  /** Exchange time. */
  asOf: z.iso.datetime(),
  source: z.string(),
  /** Older than it should be. */
  stale: z.boolean(),
});
export type Price = z.output<typeof Price>;

/** A symbol without any price yet has nulls and is stale. */
const MaybePrice = z.object({ ...Price.shape, price: Decimal.nullable(), asOf: z.iso.datetime().nullable() });
export type MaybePrice = z.output<typeof MaybePrice>;

export const Candle = z.object({
  openTime: z.iso.datetime(),
  open: Decimal,
  high: Decimal,
  low: Decimal,
  close: Decimal,
  volume: Decimal,
  source: z.string(),
  backfilled: z.boolean(),
});
export type Candle = z.output<typeof Candle>;

const price: Price = {
  symbol: 'BTCUSDT',
  price: '67187.34',
  asOf: '2026-01-05T10:00:00.000Z',
  source: 'binance',
  stale: false,
};
const Prices = z.object({ items: z.array(MaybePrice) });

export const listPrices = operation({
  id: 'listPrices',
  tag: 'Prices',
  summary: 'The latest price of every symbol',
  method: 'get',
  path: '/v1/prices',
  allow: 'user',
  answer: { status: 200, schema: Prices, description: 'A price per symbol; null where none has come yet' },
  example: { answer: { items: [price] } },
});

export const getPrice = operation({
  id: 'getPrice',
  tag: 'Prices',
  summary: 'The latest price of a symbol',
  method: 'get',
  path: '/v1/prices/{symbol}',
  allow: 'user',
  params: bySymbol,
  answer: { status: 200, schema: Price, description: 'The price' },
  errors: ['unknown-symbol', 'price-unavailable'],
  example: { answer: price },
});

export const listCandles = operation({
  id: 'listCandles',
  tag: 'Prices',
  summary: 'One-minute candles, the oldest first',
  method: 'get',
  path: '/v1/prices/{symbol}/candles',
  allow: 'user',
  params: bySymbol,
  query: z.strictObject({
    /** Opened at or after; the last `limit` candles before `to` when absent. */
    from: z.iso.datetime({ offset: true }).optional(),
    /** Opened before; now when absent. */
    to: z.iso.datetime({ offset: true }).optional(),
    limit: z.coerce.number().int().min(1).max(1500).default(500),
    cursor: z.string().max(200).optional(),
  }),
  answer: { status: 200, schema: page(Candle), description: 'Candles' },
  errors: ['unknown-symbol', 'bad-cursor'],
  example: {},
});

export const getDashboard = operation({
  id: 'getDashboard',
  tag: 'Dashboard',
  summary: 'Everything that the frontend shows first: you, and the latest prices',
  method: 'get',
  path: '/v1/dashboard',
  allow: 'user',
  answer: {
    status: 200,
    schema: z.object({ user: User, prices: z.array(MaybePrice), generatedAt: z.iso.datetime() }),
    description: 'The dashboard',
  },
  errors: ['user-not-found'],
  example: {},
});
