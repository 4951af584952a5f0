import { setTimeout as sleep } from 'node:timers/promises';
import { idOf } from '../runtime/view-pointers.ts';
import { BackOff } from './back-off.ts';
import type { AnyProjection } from './fold-batch.ts';
import { OldVersions } from './old-versions.ts';
import type { ProjectionStatus } from './run-projection.ts';
import { type RunningVersion, runVersion, type VersionNeeds } from './run-version.ts';
import { VersionSwap } from './swap-version.ts';
import { ViewVersions } from './view-versions.ts';

export interface VersionsOptions extends VersionNeeds {
  /** The newest version. `progress.served` knows it and has been refreshed. */
  readonly projection: AnyProjection;
  /** For how long a version goes on when readers have left it. Milliseconds. */
  readonly keepOldMs: number;
  /** Unix time in milliseconds. */
  readonly now?: (() => number) | undefined;
}

export interface VersionStatus extends ProjectionStatus {
  /** Whether this is the version that is read. */
  readonly serving: boolean;
}

const roundMs = 200;
/** While readers wait for a version to be complete. */
const shortRoundMs = 50;

/**
 * Keeps a view up to date in every version that somebody reads or is going to read. A new one is made beside the one that
 * is read; when it has all that the other has, readers go over to it, and the other goes on for a while, for processes of
 * the release before. Whatever is written here only moves upwards, so that two of it at work do no harm.
 */
export class RunningVersions {
  /** Resolves when the signal has aborted and all that ran has ended. Never rejects. */
  readonly ended: Promise<void>;
  readonly #options: VersionsOptions;
  readonly #versions: ViewVersions;
  readonly #old: OldVersions;
  readonly #swap: VersionSwap;
  /** By the place where they write. */
  readonly #running = new Map<string, RunningVersion>();

  constructor(options: VersionsOptions) {
    const { projection, progress, views, log, signal, keepOldMs, now = Date.now } = options;
    this.#options = options;
    const versions = new ViewVersions(projection, progress.served);
    this.#versions = versions;
    this.#old = new OldVersions({ versions, views, signal, keepOldMs, now });
    const statusOf = (version: AnyProjection) => this.#running.get(idOf(versions.placeOf(version)))?.status;
    this.#swap = new VersionSwap({ versions, statusOf, views, log, signal, now });
    this.ended = this.#run(signal);
  }

  /** Of each version that runs, that of the one that is read first. */
  get statuses(): readonly VersionStatus[] {
    const { served } = this.#versions;
    const all = [...this.#running.values()].map(({ projection, status }) => ({
      ...status,
      serving: projection === served,
    }));
    return all.sort((one, other) => Number(other.serving) - Number(one.serving));
  }

  /** See `RunningProjection`; in every version in which the key is parked. */
  async retryParked(key: string): Promise<boolean> {
    let free = true;
    for (const version of this.#running.values()) free = (await version.retryParked(key)) && free;
    return free;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const backOff = new BackOff();
    while (!signal.aborted) {
      try {
        await this.#reconcile();
        await this.#swap.attempt();
        await this.#leaveOld();
        await this.#old.clear();
        backOff.reset();
        const pauseMs = this.#versions.settled ? roundMs : shortRoundMs;
        await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      } catch (error) {
        const { log, projection } = this.#options;
        log.warn({ err: error, view: projection.name }, 'the versions of a view could not be looked after');
        await backOff.pause(signal);
      }
    }
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  /** Runs what is to run, where its rows lie now, and nothing else. */
  async #reconcile(): Promise<void> {
    const wanted = new Map<string, AnyProjection>();
    for (const version of this.#versions.all) {
      const isOld = version.version < this.#versions.served.version;
      if (!isOld || (await this.#old.goesOn(version))) wanted.set(idOf(this.#versions.placeOf(version)), version);
    }
    for (const place of this.#running.keys()) if (!wanted.has(place)) await this.#end(place);
    for (const [place, version] of wanted) {
      if (this.#running.has(place) || this.#options.signal.aborted) continue;
      this.#running.set(place, runVersion(version, this.#versions.placeOf(version), this.#options));
    }
  }

  async #leaveOld(): Promise<void> {
    for (const [place, { projection }] of this.#running) {
      if (!this.#old.isOver(projection) || this.#options.signal.aborted) continue;
      await this.#end(place);
      await this.#old.leave(projection);
      const { name: view, version } = projection;
      this.#options.log.info({ view, version }, 'an old version of the view has had its time and is dropped');
    }
  }

  async #end(place: string): Promise<void> {
    await this.#running.get(place)?.stop();
    this.#running.delete(place);
  }
}
