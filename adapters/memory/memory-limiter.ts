import { RateLimiterMemory } from 'rate-limiter-flexible';
import { DomainError } from '../../contracts/errors.ts';
import type { Limiter, Limiters, LimitOptions, Try } from '../../contracts/ports/limiter.ts';

/** Counts of this process alone. */
class MemoryLimiter implements Limiter {
  readonly #limiter: RateLimiterMemory;
  #turn: Promise<unknown> = Promise.resolve();

  constructor({ tries, windowSeconds }: LimitOptions) {
    this.#limiter = new RateLimiterMemory({ points: tries, duration: windowSeconds });
  }

  take(key: string): Promise<Try> {
    return this.#inTurn(async () => {
      const { consumedPoints, msBeforeNext } = await this.#limiter.penalty(key);
      if (consumedPoints <= this.#limiter.points) return { giveBack: () => this.#giveBack(key) };
      await this.#limiter.reward(key);
      throw new DomainError('too-many-attempts', { retryAfterSeconds: Math.max(1, Math.ceil(msBeforeNext / 1_000)) });
    });
  }

  forget(key: string): Promise<void> {
    return this.#inTurn(async () => {
      await this.#limiter.delete(key);
    });
  }

  #giveBack(key: string): Promise<void> {
    return this.#inTurn(async () => {
      const { consumedPoints } = await this.#limiter.reward(key);
      if (consumedPoints <= 0) await this.#limiter.delete(key);
    });
  }

  /** Each looks and then acts on what it saw, so one after the other. */
  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(act);
    // Whoever asked hears of a refusal; the next one's turn comes all the same.
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

/** Limits that each process counts by itself. */
export const memoryLimiters: Limiters = (options) => new MemoryLimiter(options);
