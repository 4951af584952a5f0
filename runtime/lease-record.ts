import type { Vault, VaultRecord } from '../contracts/ports/vault.ts';

const collection = 'leases';

export interface LeaseRecordOptions {
  readonly vault: Vault;
  readonly name: string;
  /** Nobody else's. */
  readonly holder: string;
  readonly durationMs: number;
}

/** Another's record as we have seen it first. */
interface Seen {
  readonly holder: string;
  readonly version: number;
  readonly sinceMs: number;
}

/**
 * A lease as one record of the vault, of which each renewal is a new version. No time is written and no two machines'
 * clocks are compared: a contender takes over when it has itself seen the same version for the whole duration, and a
 * holder stops believing a sixth of the duration before anybody could have, counted from before its last renewal was
 * asked for.
 */
export class LeaseRecord {
  readonly #options: LeaseRecordOptions;
  #believed: { readonly untilMs: number; readonly untilWallMs: number } | undefined;
  #seen: Seen | undefined;

  constructor(options: LeaseRecordOptions) {
    this.#options = options;
  }

  /**
   * By a clock that nobody sets, and that goes on while the process is stopped; and by the wall clock too, because the
   * other one may stand still with a machine that is put to sleep.
   */
  held(): boolean {
    const { untilMs, untilWallMs } = this.#believed ?? { untilMs: 0, untilWallMs: 0 };
    return performance.now() < untilMs && Date.now() < untilWallMs;
  }

  /**
   * Takes it where it is free, and renews it where it is ours already.
   * @throws DomainError 'store-unavailable'; if it was ours, it still is for the rest of the duration
   */
  async take(): Promise<void> {
    const { vault, name, holder, durationMs } = this.#options;
    const kept = await vault.get(collection, name);
    if (kept && !this.#free(kept)) {
      if (holderOf(kept) !== holder) this.#believed = undefined;
      return;
    }
    const [askedMs, askedWallMs] = [performance.now(), Date.now()];
    const taken = kept
      ? await vault.replace(collection, name, kept.version, { holder })
      : await vault.insert(collection, name, { holder });
    const trustedMs = (durationMs * 5) / 6;
    this.#believed = taken ? { untilMs: askedMs + trustedMs, untilWallMs: askedWallMs + trustedMs } : undefined;
  }

  /**
   * Lets the next one have it at once.
   * @throws DomainError 'store-unavailable'
   */
  async giveBack(): Promise<void> {
    this.#believed = undefined;
    const { vault, name, holder } = this.#options;
    const kept = await vault.get(collection, name);
    if (kept && holderOf(kept) === holder) await vault.remove(collection, name, kept.version);
  }

  /** Ours, or not renewed for the whole duration. Ours it may be without our knowing, when an answer was lost. */
  #free(kept: VaultRecord): boolean {
    const holder = holderOf(kept);
    if (holder === this.#options.holder) return true;
    if (this.#seen?.holder !== holder || this.#seen.version !== kept.version) {
      this.#seen = { holder, version: kept.version, sinceMs: performance.now() };
    }
    return performance.now() - this.#seen.sinceMs >= this.#options.durationMs;
  }
}

const holderOf = ({ value }: VaultRecord) => (value as { holder: string }).holder;
