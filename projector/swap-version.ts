import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../contracts/ports/log.ts';
import type { ViewStore } from '../contracts/ports/view-store.ts';
import type { AnyProjection } from './fold-batch.ts';
import type { ProjectionStatus } from './run-projection.ts';
import type { ViewVersions } from './view-versions.ts';

/** Readers go over to a version that is not further behind the one that they leave. */
const longestLagMs = 250;

export interface SwapNeeds {
  readonly versions: ViewVersions;
  /** Of a version that runs here. */
  readonly statusOf: (version: AnyProjection) => ProjectionStatus | undefined;
  readonly views: ViewStore;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

/** Lets readers go over to the newest version of a view once it has all that the version has which they read. */
export class VersionSwap {
  readonly #needs: SwapNeeds;
  #heldBack = false;

  constructor(needs: SwapNeeds) {
    this.#needs = needs;
  }

  /** Does it if it can be done now. @throws DomainError 'store-unavailable' */
  async attempt(): Promise<void> {
    const { versions, log, signal, now } = this.#needs;
    const { newest, served } = versions;
    if (versions.settled || !(await this.#isComplete(served)) || signal.aborted) return;
    await versions.serveNewest(new Date(now()));
    if (served === newest) return;
    const { name: view, version } = newest;
    log.info({ view, version, from: served.version }, 'readers go over to a new version of the view');
  }

  /** All above the served version have what it has; those of a release in between go over with us. */
  async #isComplete(served: AnyProjection): Promise<boolean> {
    const { versions, views, statusOf, signal } = this.#needs;
    // Read already, for want of an older one: there is nothing to compare it with.
    if (served === versions.newest) return statusOf(served)?.caughtUp ?? false;
    const { above } = versions;
    if (!above.every((version) => statusOf(version)?.caughtUp) || this.#waitsForParked(above)) return false;
    const reached = (await views.checkpoint(versions.placeOf(served))) ?? 0n;
    const areThere = () => above.every((version) => (statusOf(version)?.checkpoint ?? 0n) >= reached);
    for (let waitedMs = 0; !areThere() && waitedMs < longestLagMs && !signal.aborted; waitedMs += 5) await sleep(5);
    return areThere() && !this.#waitsForParked(above);
  }

  #waitsForParked(above: readonly AnyProjection[]): boolean {
    const { statusOf, log } = this.#needs;
    const held = above.map(statusOf).find((status) => status !== undefined && status.parked > 0);
    if (held && !this.#heldBack) {
      const { name: view, version, parked } = held;
      log.warn({ view, version, parked }, 'a new version of the view is not read before its parked keys are free');
    }
    this.#heldBack = held !== undefined;
    return this.#heldBack;
  }
}
