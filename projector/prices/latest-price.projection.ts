import type { PriceEvent } from '../../contracts/events/price-events.ts';
import type { Projection } from '../../contracts/projection.ts';

export type LatestPrice = {
  readonly symbol: string;
  readonly source: string;
  /** Decimal, as the exchange wrote it. */
  readonly price: string;
  /** Exchange time. */
  readonly asOf: string;
};

type Tick = Extract<PriceEvent, { type: 'price.ticked' }>;

export const latestPriceKey = (symbol: string, source: string): string => `${symbol}/${source}`;

/** Under which the cache holds the row, as JSON. */
export const priceCacheKey = (symbol: string, source: string): string => `price/${latestPriceKey(symbol, source)}`;

export const latestPrices: Projection<LatestPrice, Tick> = {
  name: 'latest-prices',
  version: 1,
  streams: ['ticks-'],
  key: ({ data: { symbol, source } }) => latestPriceKey(symbol, source),
  on: {
    'price.ticked': ({ data: { symbol, source, price, timeMs } }, latest) => {
      const asOf = new Date(timeMs).toISOString();
      return latest && asOf < latest.asOf ? latest : { symbol, source, price, asOf };
    },
  },
};
