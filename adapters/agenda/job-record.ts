import { idOf, type JobDocument, newDocument } from './job-document.ts';
import { clocksDifferMs, lastMoment, type Moments } from './moments.ts';
import { OthersLock } from './others-lock.ts';
import type { ScheduleDatabase } from './schedule-database.ts';

export interface JobRecordOptions {
  readonly database: ScheduleDatabase;
  readonly collection: string;
  readonly name: string;
  /** Nobody else's. */
  readonly holder: string;
  readonly moments: Moments;
  readonly lockLifetimeMs: number;
}

type Filter = Readonly<Record<string, unknown>>;

const duplicateKey = 11_000;

/**
 * What the processes that share a job know of it, and its lock. Every write names the lock's holder, so that one who was
 * held up and has lost it changes nothing. Each call rejects within a few deadlines when MongoDB is away.
 */
export class JobRecord {
  readonly #options: JobRecordOptions;
  readonly #others: OthersLock;
  #exists = false;
  /** No run is due in this process's reckoning until another moment than this one has passed. */
  #doneMs: number | undefined;
  /** How the last run ended, as long as that is not written. */
  #ended: Partial<{ momentMs: number }> | undefined;
  #claimedAt = new Date(0);
  #lockedSinceMs = 0;

  constructor(options: JobRecordOptions) {
    this.#options = options;
    this.#others = new OthersLock(options.lockLifetimeMs);
  }

  /** When we asked for the lock, or asked for it again, the last time that we got it; on the clock of `performance.now()`. */
  get lockedSinceMs(): number {
    return this.#lockedSinceMs;
  }

  /** Takes the lock if a run is due and nobody else has it. Asks MongoDB only when that may be. */
  async claim(): Promise<boolean> {
    const nowMs = Date.now();
    const momentMs = lastMoment(this.#options.moments, nowMs);
    if (momentMs === this.#doneMs) return false;
    await this.#writeEnd();
    await this.#create();
    const claimedAt = new Date(nowMs);
    const lock = { lockedAt: claimedAt, lastModifiedBy: this.#options.holder, lastRunAt: claimedAt };
    const askedMs = performance.now();
    const claimed = await this.#update({ $and: [due(momentMs, nowMs), this.#free()] }, lock);
    if (claimed) {
      this.#claimedAt = claimedAt;
      this.#lockedSinceMs = askedMs;
    } else await this.#lookWhy(momentMs, nowMs);
    return claimed;
  }

  /** Whether the lock was still ours, and so is for another lifetime. */
  async renew(): Promise<boolean> {
    const askedMs = performance.now();
    const ours = await this.#update(this.#ours, { lockedAt: new Date() });
    if (ours) this.#lockedSinceMs = askedMs;
    return ours;
  }

  /**
   * Gives the lock up. Done is the run for all moments that have passed by now; a run that is not done is due again, for
   * whoever comes first. What can't be written now is written before the next claim.
   */
  async end(done: boolean): Promise<void> {
    this.#ended = done ? { momentMs: lastMoment(this.#options.moments, Date.now()) } : {};
    await this.#writeEnd();
  }

  /** Writes what is left to write, and gives up a lock that this process may have without having heard of it. */
  async leave(): Promise<void> {
    await this.#writeEnd();
    await this.#update(this.#mine, { lockedAt: null });
  }

  async #writeEnd(): Promise<void> {
    if (!this.#ended) return;
    const { momentMs } = this.#ended;
    const finished = momentMs !== undefined && {
      lastFinishedAt: new Date(),
      nextRunAt: new Date(momentMs + this.#options.moments.intervalMs),
      data: { momentMs },
    };
    await this.#update(this.#ours, { lockedAt: null, ...finished });
    this.#ended = undefined;
    this.#doneMs = momentMs;
  }

  async #create(): Promise<void> {
    if (this.#exists) return;
    const { name, database } = this.#options;
    const unlessThere = (error: { code?: unknown }) => {
      if (error.code !== duplicateKey) throw error;
    };
    await database.ask(() => this.#records.insertOne({ _id: idOf(name), ...newDocument(name) }).catch(unlessThere));
    this.#exists = true;
  }

  /** Notes whether the moment is done already, or whose lock is in the way. */
  async #lookWhy(momentMs: number, nowMs: number): Promise<void> {
    const { name, database } = this.#options;
    const record = await database.ask(() => this.#records.findOne({ _id: idOf(name) }));
    // Somebody may have emptied the collection.
    this.#exists = record !== null;
    if (!record) return;
    const doneMs = record.data.momentMs;
    if (doneMs >= momentMs && doneMs <= nowMs + clocksDifferMs) this.#doneMs = momentMs;
    else this.#others.look(record);
  }

  /** Whether the record was as the filter says, and has been changed. */
  async #update(filter: Filter, fields: Partial<JobDocument>): Promise<boolean> {
    const { name, database } = this.#options;
    const update = () => this.#records.updateOne({ _id: idOf(name), ...filter }, { $set: fields });
    return (await database.ask(update)).matchedCount === 1;
  }

  /** Ours too is free: no run is under way, so it was taken without our having heard of it. */
  #free(): Filter {
    return { $or: [{ lockedAt: null }, { lastModifiedBy: this.#options.holder }, ...this.#others.abandoned()] };
  }

  /** The lock that this process took last. An end of a run that arrives late must not end the next one. */
  get #ours(): Filter {
    return { ...this.#mine, lastRunAt: this.#claimedAt };
  }

  get #mine(): Filter {
    return { lastModifiedBy: this.#options.holder, lockedAt: { $ne: null } };
  }

  get #records() {
    return this.#options.database.db.collection<JobDocument>(this.#options.collection);
  }
}

/** Another process's clock may be a little ahead; a moment that is far ahead was written before the clock was set back. */
const due = (momentMs: number, nowMs: number): Filter => ({
  $or: [{ 'data.momentMs': { $lt: momentMs } }, { 'data.momentMs': { $gt: nowMs + clocksDifferMs } }],
});
