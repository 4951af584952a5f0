import { getDashboard } from '../../contracts/http/price-operations.ts';
import { type Endpoint, type Route, signedIn } from '../../http/route.ts';
import type { PriceReader } from '../prices/price-reader.ts';
import type { UserReader } from '../users/user-reader.ts';

export const dashboardRoutes = (endpoint: Endpoint, users: UserReader, prices: PriceReader): readonly Route[] => [
  endpoint(getDashboard, async ({ caller, minimum }) => {
    const { userId } = signedIn({ caller });
    const [{ bytes: user, position }, { bytes }] = await Promise.all([
      users.read(userId, minimum),
      prices.readAll(minimum),
    ]);
    const generatedAt = new Date().toISOString();
    return {
      bytes: `{"user":${user},"prices":${bytes},"generatedAt":"${generatedAt}"}`,
      position,
    };
  }),
];
