import { setTimeout as sleep } from 'node:timers/promises';
import type { ScheduledJob, Scheduler } from '../../contracts/ports/scheduler.ts';

type Job = (signal: AbortSignal) => Promise<void>;

/** What `setTimeout` can count. */
const longestTimerMs = 2 ** 31 - 1;

/** Sleeps until the clock passes a multiple of the interval, or the signal aborts. */
const nextMoment = async (intervalMs: number, signal: AbortSignal) => {
  const dueMs = (Math.floor(Date.now() / intervalMs) + 1) * intervalMs;
  // A timer may fire a millisecond early; without the loop the same moment would come twice.
  while (Date.now() < dueMs && !signal.aborted) {
    await sleep(Math.min(dueMs - Date.now(), longestTimerMs), undefined, { signal }).catch(() => undefined);
  }
};

/** A schedule that lives and dies with the process. */
export class InProcessScheduler implements Scheduler {
  readonly #report: (name: string, error: unknown) => void;

  /** `report` hears of every run that rejected, except by being stopped. */
  constructor(report: (name: string, error: unknown) => void) {
    this.#report = report;
  }

  every(name: string, intervalMs: number, job: Job): ScheduledJob {
    const stop = new AbortController();
    const ended = this.#loop(name, intervalMs, job, stop.signal);
    return {
      stop: () => {
        stop.abort();
        return ended;
      },
    };
  }

  async #loop(name: string, intervalMs: number, job: Job, signal: AbortSignal) {
    while (!signal.aborted) {
      try {
        await job(signal);
      } catch (error) {
        if (!signal.aborted) this.#report(name, error);
      }
      await nextMoment(intervalMs, signal);
    }
  }
}
