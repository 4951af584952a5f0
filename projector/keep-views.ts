import type { Bus } from '../contracts/ports/bus.ts';
import type { Cache } from '../contracts/ports/cache.ts';
import type { ViewDefinition } from '../contracts/ports/view-store.ts';
import type { AnyProjection } from './fold-batch.ts';
import { notices } from './notices/notice.projection.ts';
import { publishNotices } from './notices/notice-publisher.ts';
import { retainNotices } from './notices/notice-retention.ts';
import { latestPrices } from './prices/latest-price.projection.ts';
import { PricePublisher } from './prices/price-publisher.ts';
import type { Beside, VersionNeeds } from './run-version.ts';
import { RunningVersions, type VersionsOptions } from './run-versions.ts';
import { userProfiles } from './users/user-profile.projection.ts';
import { WakeUp } from './wake-up.ts';

export interface KeepViewsOptions extends Omit<VersionNeeds, 'beside'>, Pick<VersionsOptions, 'keepOldMs'> {
  readonly cache: Cache;
  readonly bus: Bus;
  readonly priceTtlSeconds: number;
  /** The newest version of each view. `progress.served` knows them and has been refreshed. */
  readonly projections: readonly AnyProjection[];
}

export interface KeptViews {
  /** By name. */
  readonly views: ReadonlyMap<string, RunningVersions>;
  /** Resolves when the signal has aborted and all of it has ended. Never rejects. */
  readonly ended: Promise<void>;
}

/** Keeps all views up to date, and publishes behind them, until the signal aborts. */
export const keepViews = (options: KeepViewsOptions): KeptViews => {
  const { views, cache, bus, log, signal, progress, priceTtlSeconds: ttlSeconds, projections } = options;
  const { served } = progress;
  const noticesMoved = new WakeUp();

  const wakeNotices = (): Beside => ({ afterCommit: () => noticesMoved.wake() });
  const publishPrices = (place: ViewDefinition, until: AbortSignal): Beside => {
    const serving = () => served.of(latestPrices) === place;
    const prices = new PricePublisher({ views, cache, bus, log, ttlSeconds, view: place, serving });
    return {
      afterCommit: (changes, { caughtUp }) => prices.changed(changes, caughtUp),
      ended: prices.run(until),
    };
  };
  const beside: Readonly<Record<string, VersionNeeds['beside']>> = {
    [userProfiles.name]: wakeNotices,
    [notices.name]: wakeNotices,
    [latestPrices.name]: publishPrices,
  };

  const kept = new Map<string, RunningVersions>();
  for (const projection of projections) {
    const { name } = projection;
    kept.set(name, new RunningVersions({ ...options, projection, beside: beside[name] }));
  }
  const ended = Promise.all([
    ...[...kept.values()].map((versions) => versions.ended),
    publishNotices({ views, bus, log, signal, served, behind: [userProfiles], wakeUp: noticesMoved }),
    retainNotices({ views, log, signal, served }),
  ]);
  return { views: kept, ended: ended.then(() => undefined) };
};
