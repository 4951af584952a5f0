import { setTimeout as sleep } from 'node:timers/promises';
import { isDomainError } from '../contracts/errors.ts';

/** Exponential back-off with full jitter. */
export interface BackOff {
  readonly baseMs: number;
  readonly maxMs: number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
}

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
      const jitterMs = backOff.random() * Math.min(backOff.maxMs, backOff.baseMs * 2 ** (attempt - 1));
      const waitMs = Math.max(jitterMs, (error.retryAfterSeconds ?? 0) * 1_000);
      await sleep(waitMs, undefined, { signal });
    }
  }
};
