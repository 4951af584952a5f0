import { Agenda } from 'agenda';
import type { Log } from '../../contracts/ports/log.ts';
import type { ScheduledJob } from '../../contracts/ports/scheduler.ts';
import { JobRecord, type JobRecordOptions } from './job-record.ts';
import { JobRepository } from './job-repository.ts';
import { keepLock } from './keep-lock.ts';

export interface SharedJobOptions extends JobRecordOptions {
  readonly run: (signal: AbortSignal) => Promise<void>;
  readonly report: (name: string, error: unknown) => void;
  readonly processEveryMs: number;
  readonly log: Log;
}

/** One job of this process, with an agenda of its own, so that it can be stopped without the others. */
export class SharedJob implements ScheduledJob {
  readonly #options: SharedJobOptions;
  readonly #record: JobRecord;
  readonly #repository: JobRepository;
  readonly #agenda: Agenda;
  readonly #started: Promise<void>;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  constructor(options: SharedJobOptions) {
    this.#options = options;
    const { database, collection, name, processEveryMs, log } = options;
    this.#record = new JobRecord(options);
    this.#repository = new JobRepository(database.db, collection, this.#record);
    this.#agenda = new Agenda({ backend: this.#backend, processEvery: processEveryMs });
    this.#agenda.on('error', (error: Error) => log.error({ err: error, job: name }, 'the schedule stumbled'));
    // Agenda sleeps for half of this after each run, which keeps the process alive; the lock is kept by `keepLock`.
    const lockLifetime = processEveryMs;
    const run = (_job: unknown, done: () => void) => {
      this.#running = this.#run().then(done);
    };
    this.#agenda.define(name, run, { concurrency: 1, lockLimit: 1, lockLifetime });
    this.#started = this.#agenda.start();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#end();
    return this.#stopped;
  }

  async #end(): Promise<void> {
    const { name, log } = this.#options;
    this.#stop.abort();
    await this.#started;
    await this.#agenda.stop();
    await this.#repository.close();
    await this.#running;
    // Where it can't be given up now, the others take it when its lifetime is over.
    await this.#record.leave().catch((error) => log.warn({ err: error, job: name }, 'the lock was not given up'));
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    const { name, run, report, log, lockLifetimeMs } = this.#options;
    const lock = keepLock({ record: this.#record, lockLifetimeMs, stop: this.#stop.signal });
    try {
      await run(lock.signal);
    } catch (error) {
      if (!lock.signal.aborted) report(name, error);
    }
    await lock.release();
    if (lock.lost) log.warn({ job: name }, 'a run was stopped: its lock could not be kept');
    // What can't be written is written before the next run, and the operator knows.
    await this.#record.end(!lock.signal.aborted).catch(() => undefined);
  }

  get #backend() {
    const repository = this.#repository;
    return {
      ...{ name: 'MongoDB', repository, ownsConnection: false },
      connect: () => repository.connect(),
      disconnect: async () => {},
    };
  }
}
