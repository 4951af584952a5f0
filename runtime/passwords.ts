import { availableParallelism } from 'node:os';
import { hash, verify } from '@node-rs/argon2';
import PQueue from 'p-queue';
import { DomainError } from '../contracts/errors.ts';

/** OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one lane; argon2id is the library's default. */
export const passwordParameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

/** argon2id, a few at a time: it takes a core for tens of milliseconds, and memory, so the rest waits in a bounded queue. */
export class Passwords {
  readonly #queue: PQueue;
  readonly #longestQueue: number;
  #decoy: Promise<string> | undefined;

  constructor({ concurrency = Math.max(1, availableParallelism() - 1), longestQueue = 100 } = {}) {
    this.#queue = new PQueue({ concurrency });
    this.#longestQueue = longestQueue;
  }

  /** @throws DomainError 'busy' when the queue is full */
  hash(password: string): Promise<string> {
    return this.#run(() => hash(password, passwordParameters));
  }

  /**
   * Whether the password belongs to the hash. Without a hash the answer is no, after the same work, so that its time
   * doesn't tell whether there is an account.
   * @throws DomainError 'busy' when the queue is full
   */
  async verify(passwordHash: string | undefined, password: string): Promise<boolean> {
    this.#decoy ??= hash('nobody’s password', passwordParameters);
    const against = passwordHash ?? (await this.#decoy);
    const matches = await this.#run(() => verify(against, password));
    return matches && passwordHash !== undefined;
  }

  #run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#queue.size >= this.#longestQueue) throw new DomainError('busy', { retryAfterSeconds: 2 });
    return this.#queue.add(work);
  }
}
