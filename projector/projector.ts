import type { Bus } from '../contracts/ports/bus.ts';
import type { Cache } from '../contracts/ports/cache.ts';
import type { EventStore } from '../contracts/ports/event-store.ts';
import type { Log } from '../contracts/ports/log.ts';
import type { RowChange, ViewStore } from '../contracts/ports/view-store.ts';
import { ViewProgress } from '../runtime/view-progress.ts';
import type { AnyProjection } from './fold-batch.ts';
import { notices } from './notices/notice.projection.ts';
import { publishNotices } from './notices/notice-publisher.ts';
import { retainNotices } from './notices/notice-retention.ts';
import { candles } from './prices/candle.projection.ts';
import { latestPrices } from './prices/latest-price.projection.ts';
import { PricePublisher } from './prices/price-publisher.ts';
import { type ProjectionStatus, runProjection } from './run-projection.ts';
import { userProfiles } from './users/user-profile.projection.ts';
import { WakeUp } from './wake-up.ts';

export interface ProjectorOptions {
  /** Gives personal fields sealed. */
  readonly events: EventStore;
  readonly views: ViewStore;
  readonly cache: Cache;
  readonly bus: Bus;
  readonly log: Log;
  readonly priceTtlSeconds: number;
  /** Hears of each view's progress. One of its own when absent. */
  readonly progress?: ViewProgress;
}

export interface Projector {
  readonly progress: ViewProgress;
  /** How each projection is doing now. */
  statuses(): readonly ProjectionStatus[];
  /**
   * Folds a parked key of the view anew. Answers whether it is free now.
   * @throws Error when there is no such view, or it needs a rebuild; DomainError 'store-unavailable'
   */
  retryParked(view: string, key: string): Promise<boolean>;
  /** Resolves when everything it started has ended. */
  stop(): Promise<void>;
}

/** Keeps all views up to date, and publishes behind them. */
export const startProjector = (options: ProjectorOptions): Projector => {
  const { events, views, cache, bus, log, priceTtlSeconds, progress = new ViewProgress(views) } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const noticesMoved = new WakeUp();
  const prices = new PricePublisher({ views, cache, bus, log, ttlSeconds: priceTtlSeconds });

  const project = (
    projection: AnyProjection,
    then: (changes: readonly RowChange[], status: ProjectionStatus) => void = () => undefined,
  ) => {
    const afterCommit = (changes: readonly RowChange[], status: ProjectionStatus) => {
      progress.advanced(projection, status.checkpoint);
      then(changes, status);
    };
    return runProjection({ projection, events, views, log, signal, afterCommit });
  };
  const running = [
    project(userProfiles, () => noticesMoved.wake()),
    project(notices, () => noticesMoved.wake()),
    project(latestPrices, (changes, { caughtUp }) => prices.changed(changes, caughtUp)),
    project(candles),
  ];
  const ended = Promise.all([
    ...running.map((projection) => projection.ended),
    publishNotices({ views, bus, log, signal, behind: [userProfiles], wakeUp: noticesMoved }),
    retainNotices({ views, log, signal }),
    prices.run(signal),
  ]);

  return {
    progress,
    statuses: () => running.map(({ status }) => status),
    retryParked: async (name, key) => {
      const projection = running.find(({ view }) => view.name === name);
      if (!projection) throw new Error(`there is no view ${name}`);
      return projection.retryParked(key);
    },
    stop: async () => {
      stopping.abort();
      await ended;
    },
  };
};
