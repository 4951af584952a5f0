import type { Decider } from '../../contracts/decider.ts';
import type { PriceEvent } from '../../contracts/events/price-events.ts';

export type CandleClosed = Extract<PriceEvent, { type: 'candle.closed' }>;
export type RecordCandle = { readonly type: 'record-candle' } & CandleClosed['data'];

/** The minutes of one day that are recorded, one bit each: cheap to add to without changing what was given. */
export type RecordedMinutes = bigint;

const minuteMs = 60_000;
const minutesOfDay = 1_440;
const bitOf = (openTimeMs: number): RecordedMinutes => 1n << BigInt(Math.floor(openTimeMs / minuteMs) % minutesOfDay);

/** A minute has one candle: the first that comes, live or backfilled. Order does not matter. For candles of one day. */
export const candleDecider: Decider<RecordCandle, RecordedMinutes, CandleClosed> = {
  initial: 0n,

  decide: {
    'record-candle': ({ type: _, ...data }, known) =>
      known & bitOf(data.openTimeMs) ? [] : [{ type: 'candle.closed', data }],
  },

  evolve: {
    'candle.closed': ({ data }, known) => known | bitOf(data.openTimeMs),
  },
};
