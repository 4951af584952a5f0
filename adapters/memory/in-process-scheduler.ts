import { setTimeout as sleep } from 'node:timers/promises';
import type { ScheduledJob, Scheduler } from '../../contracts/ports/scheduler.ts';

type Job = (signal: AbortSignal) => Promise<void>;

/** What `setTimeout` can count. */
const longestTimerMs = 2 ** 31 - 1;

/** Sleeps until the clock is in another stretch between two moments, later or earlier, or the signal aborts. */
const nextMoment = async (intervalMs: number, phaseMs: number, signal: AbortSignal) => {
  const now = () => Date.now() - phaseMs;
  const slot = Math.floor(now() / intervalMs);
  // A timer may fire a millisecond early; without the loop the same moment would come twice.
  for (let nowMs = now(); Math.floor(nowMs / intervalMs) === slot && !signal.aborted; nowMs = now()) {
    const leftMs = (slot + 1) * intervalMs - nowMs;
    await sleep(Math.min(leftMs, longestTimerMs), undefined, { signal }).catch(() => undefined);
  }
};

/** A schedule that lives and dies with the process. */
export class InProcessScheduler implements Scheduler {
  readonly #report: (name: string, error: unknown) => void;

  /** `report` hears of every run that rejected, except by being stopped. */
  constructor(report: (name: string, error: unknown) => void) {
    this.#report = report;
  }

  every(name: string, intervalMs: number, job: Job, phaseMs = 0): ScheduledJob {
    const stop = new AbortController();
    const ended = this.#loop(name, job, (signal) => nextMoment(intervalMs, phaseMs, signal), stop.signal);
    return {
      stop: () => {
        stop.abort();
        return ended;
      },
    };
  }

  async #loop(name: string, job: Job, next: Job, signal: AbortSignal) {
    while (!signal.aborted) {
      try {
        await job(signal);
      } catch (error) {
        if (!signal.aborted) this.#report(name, error);
      }
      await next(signal);
    }
  }
}
