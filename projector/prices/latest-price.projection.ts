import { eventId } from '../../contracts/events/event-id.ts';
import type { PriceEvent } from '../../contracts/events/price-events.ts';
import type { Position } from '../../contracts/ports/event-store.ts';
import type { ViewDefinition } from '../../contracts/ports/view-store.ts';
import type { Projection } from '../../contracts/projection.ts';
import type { Notice } from '../../contracts/sockets/notices.ts';

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

/** Under which the cache holds the row of that version of the view, as JSON. */
export const priceCacheKey = (
  symbol: string,
  source: string,
  { version }: Pick<ViewDefinition, 'version'> = latestPrices,
): string => `price@${version}/${latestPriceKey(symbol, source)}`;

/** What tells of the price in the row of this position: the same whenever and wherever it is told. */
export const priceNotice = (
  { symbol, source, asOf }: Pick<LatestPrice, 'symbol' | 'source' | 'asOf'>,
  position: Position,
): Notice => {
  const subject = `${source}/${symbol}`;
  const id = eventId(String(position), subject, 0);
  return { id, type: 'price.updated', time: asOf, position: String(position), subject };
};

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
