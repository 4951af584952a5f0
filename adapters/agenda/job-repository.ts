import { type Db, MongoJobRepository } from '@agendajs/mongo-backend';
import { type JobParameters, toJobId } from 'agenda';
import type { JobRecord } from './job-record.ts';

/** The end of time, as JavaScript counts it. */
const never = new Date(8.64e15);

/**
 * Where one job's agenda asks whether to run. Agenda 6 would unlock a job without looking whose lock it is, and reckon
 * the next run from the last, not by the clock; so `JobRecord` decides and writes instead, and agenda is told of a run
 * that is due, locked, and needs no watching.
 */
export class JobRepository extends MongoJobRepository {
  readonly #record: Pick<JobRecord, 'claim'>;
  #asking: Promise<boolean> | undefined;
  #closed = false;

  constructor(db: Db, collection: string, record: Pick<JobRecord, 'claim'>) {
    super({ mongo: db, db: { collection }, ensureIndex: false });
    this.#record = record;
  }

  override async getNextJobToRun(name: string): Promise<JobParameters | undefined> {
    // Agenda asks on, whether the last question is answered or not.
    if (this.#asking || this.#closed) return undefined;
    // The record has told the operator already.
    this.#asking = this.#record.claim().catch(() => false);
    const claimed = await this.#asking;
    this.#asking = undefined;
    if (!claimed) return undefined;
    return { _id: toJobId(name), name, type: 'single', priority: 0, nextRunAt: null, lockedAt: never, data: undefined };
  }

  /** Asks no more, and resolves when no question is open. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#asking;
  }

  override async saveJobState(): Promise<void> {}
  override async unlockJob(): Promise<void> {}
  override async unlockJobs(): Promise<void> {}
}
