import type { Decider } from '../../contracts/decider.ts';
import type { PriceEvent } from '../../contracts/events/price-events.ts';

export type CandleClosed = Extract<PriceEvent, { type: 'candle.closed' }>;
export type RecordCandle = { readonly type: 'record-candle' } & CandleClosed['data'];

/** The open times that are recorded, of one day. */
export type OpenTimes = ReadonlySet<number>;

/** A minute has one candle: the first that comes, live or backfilled. Order does not matter. */
export const candleDecider: Decider<RecordCandle, OpenTimes, CandleClosed> = {
  initial: new Set(),

  decide: {
    'record-candle': ({ type: _, ...data }, known) =>
      known.has(data.openTimeMs) ? [] : [{ type: 'candle.closed', data }],
  },

  evolve: {
    'candle.closed': ({ data }, known) => new Set(known).add(data.openTimeMs),
  },
};
