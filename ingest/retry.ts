import { setTimeout as sleep } from 'node:timers/promises';
import { type BackOff, backOffMs } from '../contracts/back-off.ts';
import { isDomainError } from '../contracts/errors.ts';

export interface RetryOptions {
  readonly backOff: BackOff;
  readonly signal: AbortSignal;
  /** Without it until the signal aborts. */
  readonly attempts?: number;
  /** Hears of every failure that is going to be tried again. */
  readonly failed?: (error: unknown) => void;
}

/**
 * Does the work again while it fails in a way that the catalogue calls retriable, and not before the time that the
 * failure names.
 * @throws any other error, the last one when the attempts are over, and the signal's reason once it has aborted
 */
export const retrying = async <T>(
  work: () => Promise<T>,
  { backOff, signal, attempts = Number.POSITIVE_INFINITY, failed }: RetryOptions,
): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (!isDomainError(error) || !error.retriable || attempt >= attempts) throw error;
      failed?.(error);
      const waitMs = Math.max(backOffMs(backOff, attempt), (error.retryAfterSeconds ?? 0) * 1_000);
      await sleep(waitMs, undefined, { signal });
    }
  }
};
