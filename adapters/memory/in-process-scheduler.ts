import { setTimeout as sleep } from 'node:timers/promises';
import type { ScheduledJob, Scheduler } from '../../contracts/ports/scheduler.ts';

type Job = (signal: AbortSignal) => Promise<void>;

/** What `setTimeout` can count. */
const longestTimerMs = 2 ** 31 - 1;

/** The moments of one job, by our clock. */
class Moments {
  readonly #intervalMs: number;
  readonly #phaseMs: number;

  constructor(intervalMs: number, phaseMs: number) {
    this.#intervalMs = intervalMs;
    this.#phaseMs = phaseMs;
  }

  /** The one that passed last, in Unix milliseconds. */
  last(): number {
    return Math.floor((Date.now() - this.#phaseMs) / this.#intervalMs) * this.#intervalMs + this.#phaseMs;
  }

  /** Sleeps until about the next one, or until the signal aborts. A timer may fire a millisecond early. */
  async next(signal: AbortSignal): Promise<void> {
    const leftMs = this.last() + this.#intervalMs - Date.now();
    await sleep(Math.min(leftMs, longestTimerMs), undefined, { signal }).catch(() => undefined);
  }
}

/** A schedule that lives and dies with the process. */
export class InProcessScheduler implements Scheduler {
  readonly #report: (name: string, error: unknown) => void;
  /** The last moment that each job's runs are done for. */
  readonly #done = new Map<string, number>();

  /** `report` hears of every run that rejected, except by being stopped. */
  constructor(report: (name: string, error: unknown) => void) {
    this.#report = report;
  }

  every(name: string, intervalMs: number, job: Job, phaseMs = 0): ScheduledJob {
    const stop = new AbortController();
    const ended = this.#loop(name, job, new Moments(intervalMs, phaseMs), stop.signal);
    return {
      stop: () => {
        stop.abort();
        return ended;
      },
    };
  }

  async #loop(name: string, job: Job, moments: Moments, signal: AbortSignal) {
    while (!signal.aborted) {
      if (this.#due(name, moments)) await this.#run(name, job, moments, signal);
      await moments.next(signal);
    }
  }

  /** Done for a later moment than now: the clock was set back. */
  #due(name: string, moments: Moments): boolean {
    const done = this.#done.get(name);
    return done === undefined || done < moments.last() || done > Date.now();
  }

  async #run(name: string, job: Job, moments: Moments, signal: AbortSignal) {
    try {
      await job(signal);
    } catch (error) {
      if (!signal.aborted) this.#report(name, error);
    }
    if (!signal.aborted) this.#done.set(name, moments.last());
  }
}
