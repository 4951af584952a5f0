import { setTimeout as pause } from 'node:timers/promises';
import type { Lease } from '../contracts/ports/lease.ts';

export interface WhileHeldOptions {
  /** How soon it is noticed that the lease is held, or lost. */
  readonly pollMs?: number;
}

/**
 * Does the work while the lease is held, and until `signal` aborts. When the lease is lost, the work's signal aborts and
 * its end is waited for; when it is held again, the work starts anew, as it does when it has ended by itself. One at a
 * time. Idle work notices too. Resolves when nothing of it runs any more.
 * @throws what the work rejected with, as long as its signal had not aborted
 */
export const whileHeld = async (
  lease: Lease,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
  { pollMs = 500 }: WhileHeldOptions = {},
): Promise<void> => {
  while (!signal.aborted) {
    if (lease.held()) await workUntilLost(lease, signal, work, pollMs);
    await pause(pollMs, undefined, { signal }).catch(() => undefined);
  }
};

const workUntilLost = async (
  lease: Lease,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
  pollMs: number,
): Promise<void> => {
  const lost = new AbortController();
  const abort = () => lost.abort();
  const watch = setInterval(() => {
    if (!lease.held()) abort();
  }, pollMs);
  signal.addEventListener('abort', abort, { once: true });
  try {
    await work(lost.signal);
  } catch (error) {
    if (!lost.signal.aborted) throw error;
  } finally {
    clearInterval(watch);
    signal.removeEventListener('abort', abort);
  }
};
