import type { AnyProjection } from './fold-batch.ts';
import { notices } from './notices/notice.projection.ts';
import { candles } from './prices/candle.projection.ts';
import { latestPrices } from './prices/latest-price.projection.ts';
import { userProfiles } from './users/user-profile.projection.ts';

/** Every view, in its newest version. */
export const allProjections: readonly AnyProjection[] = [userProfiles, notices, latestPrices, candles];
