import { type BinanceError, binanceErrors } from './binance-error.ts';

const windowMs = 60_000;
/** Requests after the first 429 of a window that are still answered 429. */
const patience = 10;
const shortestBanMs = 2 * windowMs;
const longestBanMs = 3 * 24 * 60 * windowMs;

export interface Spent {
  readonly usedWeight: number;
  readonly refusal?: { readonly error: BinanceError; readonly retryAfterSeconds: number };
}

/**
 * Binance's request weight for one address, by whole minutes of real time (at any speed of exchange time, since it
 * guards the server): beyond the limit 429, and a ban (418) for who goes on, twice as long each time.
 */
export class RequestWeight {
  readonly limit: number;
  readonly #clock: () => number;
  #window = -1;
  #used = 0;
  #refused = 0;
  #banMs = shortestBanMs;
  #bannedUntilMs = 0;

  constructor(limit: number, clock: () => number = Date.now) {
    this.limit = limit;
    this.#clock = clock;
  }

  spend(weight: number): Spent {
    const nowMs = this.#clock();
    const window = Math.floor(nowMs / windowMs);
    if (window !== this.#window) {
      this.#window = window;
      this.#used = 0;
      this.#refused = 0;
    }
    this.#used += weight;
    if (nowMs < this.#bannedUntilMs) return this.#refuse(binanceErrors.banned(this.#bannedUntilMs), nowMs);
    if (this.#used <= this.limit) return { usedWeight: this.#used };
    this.#refused += 1;
    if (this.#refused <= patience) return this.#refuse(binanceErrors.tooMuchWeight(this.limit), nowMs);
    this.#bannedUntilMs = nowMs + this.#banMs;
    this.#banMs = Math.min(this.#banMs * 2, longestBanMs);
    return this.#refuse(binanceErrors.banned(this.#bannedUntilMs), nowMs);
  }

  #refuse(error: BinanceError, nowMs: number): Spent {
    const untilMs = error.status === 418 ? this.#bannedUntilMs : (this.#window + 1) * windowMs;
    return { usedWeight: this.#used, refusal: { error, retryAfterSeconds: Math.ceil((untilMs - nowMs) / 1000) } };
  }
}
