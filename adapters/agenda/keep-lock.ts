import { setTimeout as pause } from 'node:timers/promises';
import type { JobRecord } from './job-record.ts';

export interface LockOptions {
  /** Its lock is ours just now. */
  readonly record: JobRecord;
  readonly lockLifetimeMs: number;
  /** Aborts the run. */
  readonly stop: AbortSignal;
}

export interface KeptLock {
  /** Of the run: aborts when it is stopped, or before somebody else may take the lock. */
  readonly signal: AbortSignal;
  readonly lost: boolean;
  /** Renews it no more. Resolves when no renewal is under way. */
  release(): Promise<void>;
}

/** Renews a lock three times in its lifetime for as long as a run lasts. */
export const keepLock = ({ record, lockLifetimeMs, stop }: LockOptions): KeptLock => {
  const run = new AbortController();
  const over = new AbortController();
  let lost = false;
  const lose = () => {
    lost = true;
    run.abort();
    over.abort();
  };
  // A sixth earlier than others may have it, so that the run can end by then.
  const trust = () => setTimeout(lose, record.lockedSinceMs + (lockLifetimeMs * 5) / 6 - performance.now());
  let trusted = trust();

  const renew = async () => {
    const ours = await record.renew().catch(() => undefined);
    if (ours === false) lose();
    clearTimeout(trusted);
    trusted = trust();
  };
  const renewing = async () => {
    while (!over.signal.aborted) {
      await pause(lockLifetimeMs / 3, undefined, { signal: over.signal }).catch(() => undefined);
      if (!over.signal.aborted) await renew();
    }
    clearTimeout(trusted);
  };
  const abort = () => run.abort();
  stop.addEventListener('abort', abort, { once: true });
  const ended = renewing();

  return {
    signal: run.signal,
    get lost() {
      return lost;
    },
    release: async () => {
      stop.removeEventListener('abort', abort);
      over.abort();
      await ended;
    },
  };
};
