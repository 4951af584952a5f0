import { setTimeout as sleep } from 'node:timers/promises';

/** Pauses between attempts, the longer the more have failed, with jitter so that those who failed together part. */
export class BackOff {
  readonly #baseMs: number;
  readonly #maxMs: number;
  #failures = 0;

  constructor(baseMs = 100, maxMs = 5_000) {
    this.#baseMs = baseMs;
    this.#maxMs = maxMs;
  }

  /** To call when an attempt succeeded. */
  reset(): void {
    this.#failures = 0;
  }

  /** Resolves when it is time for another attempt, or the signal aborts. */
  async pause(signal: AbortSignal): Promise<void> {
    const longestMs = Math.min(this.#maxMs, this.#baseMs * 2 ** this.#failures++);
    await sleep(longestMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
  }
}
