import type { Decider } from '../../contracts/decider.ts';
import type { PriceEvent } from '../../contracts/events/price-events.ts';

export type Ticked = Extract<PriceEvent, { type: 'price.ticked' }>;

export interface RecordTick {
  readonly type: 'record-tick';
  readonly source: string;
  readonly symbol: string;
  readonly price: string;
  /** Exchange time. */
  readonly timeMs: number;
  readonly origin: 'poll' | 'stream';
  /** Length of the stretches of exchange time that hold one tick of this origin at most. */
  readonly bucketMs: number;
}

export interface LastTick {
  readonly timeMs: number;
  readonly price: string;
}

/**
 * A tick is recorded when its bucket is later than the last tick's, whoever recorded that one. So every minute that is
 * polled has a tick, by the poll only if the stream did not record one in that minute before; and the stream adds what
 * changes, once per bucket of its own.
 */
export const tickDecider: Decider<RecordTick, LastTick | undefined, Ticked> = {
  initial: undefined,

  decide: {
    'record-tick': ({ type: _, bucketMs, ...data }, last) => {
      if (last && Math.floor(data.timeMs / bucketMs) <= Math.floor(last.timeMs / bucketMs)) return [];
      if (last && data.origin === 'stream' && data.price === last.price) return [];
      return [{ type: 'price.ticked', data }];
    },
  },

  evolve: {
    'price.ticked': ({ data: { timeMs, price } }) => ({ timeMs, price }),
  },
};
