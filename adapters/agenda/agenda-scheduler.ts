import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Log } from '../../contracts/ports/log.ts';
import type { Scheduler } from '../../contracts/ports/scheduler.ts';
import { ScheduleDatabase } from './schedule-database.ts';
import { SharedJob } from './shared-job.ts';

export interface AgendaSchedulerOptions {
  /** MongoDB's. */
  readonly url: string;
  /** Where the schedule is kept; the url's when absent. Whoever shares it shares the schedule. */
  readonly database?: string;
  readonly collection?: string;
  /** Hears of every run that rejected, except by being stopped. */
  readonly report: (name: string, error: unknown) => void;
  /** How late a run may come. MongoDB is asked only when one is due. */
  readonly processEveryMs?: number;
  /** Another process takes over a run whose process has not been heard of for as long. */
  readonly lockLifetimeMs?: number;
  /** The longest that MongoDB is waited for, each time. */
  readonly deadlineMs?: number;
  readonly log: Log;
}

/** A schedule that the processes on one database share. Reaches MongoDB when a run is due; close it after its jobs' owners. */
export interface AgendaScheduler extends Scheduler {
  /** Stops the jobs that are left, and the connection. */
  close(): Promise<void>;
}

const defaults = { collection: 'schedule', processEveryMs: 500, lockLifetimeMs: 15_000, deadlineMs: 3_000 };

/** @throws Error when the URL can't be one. That MongoDB is away only keeps jobs from running. */
export const openAgendaScheduler = (given: AgendaSchedulerOptions): AgendaScheduler => {
  const { url, database: name, deadlineMs, ...options } = { ...defaults, ...given };
  const database = new ScheduleDatabase({ url, database: name, deadlineMs, log: options.log });
  const jobs = new Set<SharedJob>();
  return {
    every: (name, intervalMs, run, phaseMs = 0) => {
      const holder = `${hostname()} ${randomUUID()}`;
      const job = new SharedJob({ ...options, database, name, holder, run, moments: { intervalMs, phaseMs } });
      jobs.add(job);
      return job;
    },
    close: async () => {
      await Promise.all([...jobs].map((job) => job.stop()));
      await database.close();
    },
  };
};
