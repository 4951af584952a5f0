import type { JobDocument } from './job-document.ts';

type Lock = Pick<JobDocument, 'lockedAt' | 'lastModifiedBy'>;

/** A lock that is in the way, and since when, by our own clock that nobody sets, it has looked like that. */
export class OthersLock {
  readonly #lifetimeMs: number;
  #seen: (Lock & { readonly sinceMs: number }) | undefined;

  constructor(lifetimeMs: number) {
    this.#lifetimeMs = lifetimeMs;
  }

  look({ lockedAt, lastModifiedBy }: Lock): void {
    const same =
      this.#seen?.lockedAt?.getTime() === lockedAt?.getTime() && this.#seen?.lastModifiedBy === lastModifiedBy;
    if (!same) this.#seen = { lockedAt, lastModifiedBy, sinceMs: performance.now() };
  }

  /** The lock as it looked, if that was not renewed for its whole lifetime: its holder is gone. */
  abandoned(): readonly Lock[] {
    if (!this.#seen || performance.now() - this.#seen.sinceMs < this.#lifetimeMs) return [];
    const { lockedAt, lastModifiedBy } = this.#seen;
    return [{ lockedAt, lastModifiedBy }];
  }
}
