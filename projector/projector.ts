import type { Bus } from '../contracts/ports/bus.ts';
import type { Cache } from '../contracts/ports/cache.ts';
import type { EventStore } from '../contracts/ports/event-store.ts';
import type { Lease } from '../contracts/ports/lease.ts';
import type { Log } from '../contracts/ports/log.ts';
import type { ViewStore } from '../contracts/ports/view-store.ts';
import { ViewProgress } from '../runtime/view-progress.ts';
import { whileHeld } from '../runtime/while-held.ts';
import { allProjections } from './all.projection.ts';
import { BackOff } from './back-off.ts';
import type { AnyProjection } from './fold-batch.ts';
import { type KeptViews, keepViews } from './keep-views.ts';
import type { VersionStatus } from './run-versions.ts';

export interface ProjectorOptions {
  /** Gives personal fields sealed. */
  readonly events: EventStore;
  readonly views: ViewStore;
  readonly cache: Cache;
  readonly bus: Bus;
  readonly log: Log;
  readonly priceTtlSeconds: number;
  /** Nothing runs in a process that does not hold it. Always held when absent. */
  readonly lease?: Lease;
  /** Hears of each view's progress, and has its `served` kept fresh, in standby too. One of its own when absent. */
  readonly progress?: ViewProgress;
  /** The newest version of each view. Those of the tree when absent. */
  readonly projections?: readonly AnyProjection[];
  /** For how long an old version of a view goes on when readers have left it. A day when absent. */
  readonly keepOldMs?: number;
}

export interface ProjectionState extends VersionStatus {
  /** Nothing of the view runs here: another process has the lease, or none has it yet. */
  readonly standby: boolean;
}

export interface Projector {
  readonly progress: ViewProgress;
  /**
   * How each view is doing here now: the version that is read first, then those that are made, or kept for a while,
   * beside it. Of each view there is always one.
   */
  statuses(): readonly ProjectionState[];
  /**
   * Folds a parked key of the view anew, in all its versions. Answers whether it is free now.
   * @throws Error when no such view runs here, or it needs a rebuild; DomainError 'store-unavailable'
   */
  retryParked(view: string, key: string): Promise<boolean>;
  /** Resolves when everything it started has ended. */
  stop(): Promise<void>;
}

const dayMs = 24 * 60 * 60 * 1_000;
const always: Lease = { held: () => true };

/** Keeps all views up to date, and publishes behind them, while the lease is held. */
export const startProjector = (options: ProjectorOptions): Projector => {
  const { views, log, lease = always, projections = allProjections, keepOldMs = dayMs } = options;
  const { progress = new ViewProgress(views) } = options;
  const { served } = progress;
  served.know(projections);
  const stopping = new AbortController();
  let standby = true;
  let kept: KeptViews | undefined;

  const work = async (signal: AbortSignal) => {
    standby = false;
    // What others have decided since this process last looked.
    await succeed(() => served.refresh(), log, signal);
    if (!signal.aborted) kept = keepViews({ ...options, projections, progress, keepOldMs, signal });
    await kept?.ended;
    kept = undefined;
    standby = true;
  };
  const ended = Promise.all([whileHeld(lease, stopping.signal, work), served.follow(log, stopping.signal)]);

  const statesOf = ({ name, version }: AnyProjection): readonly ProjectionState[] => {
    const running = kept?.views.get(name)?.statuses ?? [];
    if (running.length > 0) return running.map((status) => ({ ...status, standby }));
    const nothing = { checkpoint: undefined, caughtUp: false, parked: 0, failures: 0 };
    return [{ name, version, ...nothing, serving: true, standby }];
  };
  return {
    progress,
    statuses: () => projections.flatMap(statesOf),
    retryParked: async (name, key) => {
      const versions = kept?.views.get(name);
      if (!versions) throw new Error(`there is no view ${name} that runs here`);
      return versions.retryParked(key);
    },
    stop: async () => {
      stopping.abort();
      await ended;
    },
  };
};

/** Tries until it succeeds or the signal aborts. */
const succeed = async (attempt: () => Promise<void>, log: Log, signal: AbortSignal): Promise<void> => {
  const backOff = new BackOff();
  while (!signal.aborted) {
    try {
      return await attempt();
    } catch (error) {
      log.warn({ err: error }, 'the projector can’t begin yet and tries again after a pause');
      await backOff.pause(signal);
    }
  }
};
