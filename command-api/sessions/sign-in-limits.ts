import { RateLimiterMemory } from 'rate-limiter-flexible';
import { DomainError } from '../../contracts/errors.ts';

export interface SignInLimitOptions {
  /** Failed attempts within the window for one account, and from one client address. */
  readonly perAccount: number;
  readonly perAddress: number;
  readonly windowSeconds: number;
}

export interface Attempt {
  succeeded(): Promise<void>;
  /** Nothing was learned about the password. */
  untried(): Promise<void>;
}

/**
 * Bounds how often passwords can be guessed. An attempt counts when it begins and is given back when it succeeds, or
 * when the password was never looked at, so that many at once can't slip through. Counted in each process by itself.
 */
export class SignInLimits {
  readonly #account: RateLimiterMemory;
  readonly #address: RateLimiterMemory;

  constructor({ perAccount, perAddress, windowSeconds }: SignInLimitOptions) {
    this.#account = new RateLimiterMemory({ points: perAccount, duration: windowSeconds });
    this.#address = new RateLimiterMemory({ points: perAddress, duration: windowSeconds });
  }

  /** @throws DomainError 'too-many-attempts' with when to come again */
  async begin(account: string, address: string): Promise<Attempt> {
    await this.#take(this.#address, address);
    await this.#take(this.#account, account);
    return {
      succeeded: async () => {
        await this.#account.delete(account);
        await this.#address.reward(address);
      },
      untried: async () => {
        // Nothing is kept for an address that was only asked for: there is no end of those.
        const { consumedPoints } = await this.#account.reward(account);
        if (consumedPoints <= 0) await this.#account.delete(account);
        await this.#address.reward(address);
      },
    };
  }

  async #take(limiter: RateLimiterMemory, key: string): Promise<void> {
    await limiter.consume(key).catch((refused: { msBeforeNext?: number }) => {
      if (refused.msBeforeNext === undefined) throw refused;
      throw new DomainError('too-many-attempts', { retryAfterSeconds: Math.ceil(refused.msBeforeNext / 1000) });
    });
  }
}
