import type { Projection } from '../../contracts/projection.ts';
import type { AnyProjection } from '../../projector/fold-batch.ts';
import type { Past } from './append-past.ts';

export type Added = { type: 'added'; data: { key: string; n: number } };
export type Sums = Projection<{ sum: number }, Added>;

/**
 * Adds up, so that an event folded twice, or passed over, shows; and each version weighs differently, so that the rows
 * tell which one made them.
 */
export const sumsOf = (version: number, previous?: AnyProjection): Sums => ({
  name: 'sums',
  version,
  streams: ['sum-'],
  key: ({ data }) => data.key,
  on: { added: ({ data }, row) => ({ sum: (row?.sum ?? 0) + data.n * version }) },
  ...(previous && { previous }),
});

/** The same version with a rule that fails at this number. */
export const failingAt = (poison: number, sums: Sums): Sums => ({
  ...sums,
  on: {
    added: (event, row) => {
      if (event.data.n === poison) throw new TypeError('poison');
      return sums.on.added!(event, row);
    },
  },
});

export const added = (key: string, n: number): Past => ({ stream: `sum-${key}`, type: 'added', data: { key, n } });
