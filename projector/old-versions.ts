import type { ViewStore } from '../contracts/ports/view-store.ts';
import { dropRows } from './drop-rows.ts';
import type { AnyProjection } from './fold-batch.ts';
import type { ViewVersions } from './view-versions.ts';

export interface OldVersionsNeeds {
  readonly versions: ViewVersions;
  readonly views: ViewStore;
  readonly signal: AbortSignal;
  /** For how long a version goes on when readers have left it. Milliseconds. */
  readonly keepOldMs: number;
  /** Unix time in milliseconds. */
  readonly now: () => number;
}

/** Versions of a view below the one that is read: whether they go on, and that they go in the end. */
export class OldVersions {
  readonly #needs: OldVersionsNeeds;
  /** Those of which there are rows. */
  readonly #begun = new Set<AnyProjection>();
  readonly #notBegun = new Set<AnyProjection>();
  /** When those were last read that were ahead of the served version: the release before had been back in use. */
  readonly #usedAtMs = new Map<AnyProjection, number>();
  #cleared = false;

  constructor(needs: OldVersionsNeeds) {
    this.#needs = needs;
  }

  /** Whether there is something of this version that some process may still read. @throws DomainError 'store-unavailable' */
  async goesOn(version: AnyProjection): Promise<boolean> {
    if (!this.#begun.has(version) && !this.#notBegun.has(version)) await this.#look(version);
    return this.#begun.has(version);
  }

  /** Whether its time is over. */
  isOver(version: AnyProjection): boolean {
    const { versions, keepOldMs, now } = this.#needs;
    const { swappedAtMs, served } = versions;
    if (swappedAtMs === undefined || version.version >= served.version) return false;
    return now() >= Math.max(swappedAtMs, this.#usedAtMs.get(version) ?? 0) + keepOldMs;
  }

  /** Its rows are nobody's from now on. It must not run here any more. @throws DomainError 'store-unavailable' */
  async leave(version: AnyProjection): Promise<void> {
    const { versions, now } = this.#needs;
    await versions.abandon(version, new Date(now()));
    this.#begun.delete(version);
    this.#notBegun.add(version);
    this.#cleared = false;
  }

  /** Drops the rows that are nobody's, also those that another process has left, or has written late. @throws DomainError 'store-unavailable' */
  async clear(): Promise<void> {
    const { versions, views, signal } = this.#needs;
    if (this.#cleared) return;
    for (const place of versions.abandonedPlaces) await dropRows(views, place, signal);
    this.#cleared = true;
  }

  async #look(version: AnyProjection): Promise<void> {
    const { versions, views, now } = this.#needs;
    const [reached, served] = await Promise.all(
      [version, versions.served].map((one) => views.checkpoint(versions.placeOf(one))),
    );
    (reached === undefined ? this.#notBegun : this.#begun).add(version);
    if (reached !== undefined && reached > (served ?? 0n)) this.#usedAtMs.set(version, now());
  }
}
