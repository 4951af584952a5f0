import { DomainError } from '../../contracts/errors.ts';
import { getPrice, listPrices } from '../../contracts/http/price-operations.ts';
import type { Endpoint, Route } from '../../http/route.ts';
import type { PriceReader } from './price-reader.ts';

export const priceRoutes = (endpoint: Endpoint, prices: PriceReader): readonly Route[] => [
  endpoint(listPrices, async ({ minimum }) => ({ bytes: `{"items":${(await prices.readAll(minimum)).bytes}}` })),

  endpoint(getPrice, async ({ params: { symbol }, minimum }) => {
    const { bytes, value } = await prices.read(symbol, minimum);
    if (value.price === null) throw new DomainError('price-unavailable', { retryAfterSeconds: 5 });
    return { bytes };
  }),
];
