import type { Endpoint, Route } from '../http/route.ts';
import type { PersonalData } from '../runtime/personal-data.ts';
import { dashboardRoutes } from './dashboard/dashboard.routes.ts';
import { candleRoutes } from './prices/candle.routes.ts';
import { priceRoutes } from './prices/price.routes.ts';
import { PriceReader, type PriceReaderOptions } from './prices/price-reader.ts';
import { userRoutes } from './users/user.routes.ts';
import { UserReader } from './users/user-reader.ts';

export interface QueryApiNeeds extends PriceReaderOptions {
  readonly endpoint: Endpoint;
  readonly personalData: PersonalData;
  readonly addressKeyOf: (email: string) => string;
}

export interface QueryApi {
  readonly routes: readonly Route[];
  /** For the sockets, which show the same. */
  readonly users: UserReader;
  readonly prices: PriceReader;
}

/** Everything that is read. */
export const queryApi = (needs: QueryApiNeeds): QueryApi => {
  const { endpoint, views, progress, personalData, addressKeyOf } = needs;
  const users = new UserReader(views, progress, personalData);
  const prices = new PriceReader(needs);
  // The most used first: they are tried in order.
  const routes = [
    ...priceRoutes(endpoint, prices),
    ...dashboardRoutes(endpoint, users, prices),
    ...userRoutes(endpoint, users, addressKeyOf),
    ...candleRoutes(endpoint, needs),
  ];
  return { routes, users, prices };
};
