import { closedError, type Sqlite, storeUnavailable } from './open-database.ts';

interface Waiting {
  readonly work: () => unknown;
  readonly resolve: (result: never) => void;
  readonly reject: (error: unknown) => void;
}

/** Bounds how long one commit keeps the event loop. */
const largestGroup = 256;
/** Of the event loop, that a commit waits while more and more writes come. */
const mostTurns = 4;

/**
 * Runs writes that come in the same turn of the event loop in one transaction, since it is the sync to disk that costs.
 * A write that throws before it has written anything (a conflict) fails alone; a failure of SQLite itself fails the group.
 */
export class GroupCommit {
  readonly #database: Sqlite;
  readonly #hooks: { committed(): void; failed(): void };
  #queue: Waiting[] = [];
  #closed = false;
  #scheduled: Promise<void> | undefined;

  constructor(database: Sqlite, hooks: { committed(): void; failed(): void } = { committed() {}, failed() {} }) {
    this.#database = database;
    this.#hooks = hooks;
  }

  /** Resolves when the write is on disk. `work` is synchronous, and writes nothing when it throws. */
  run<Result>(work: () => Result): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      if (this.#closed) throw closedError();
      this.#queue.push({ work, resolve, reject });
      this.#schedule();
    });
  }

  /** Takes no more writes, and resolves when those that were taken are done. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#scheduled !== undefined) await this.#scheduled;
  }

  #schedule(): void {
    this.#scheduled ??= new Promise((done) => this.#commitSoon(this.#queue.length, mostTurns, done));
  }

  #commitSoon(seen: number, turns: number, done: () => void): void {
    setImmediate(() => {
      // Whoever is just arriving shares the sync: a lone write waits for nobody.
      if (this.#queue.length > seen && turns > 0) return this.#commitSoon(this.#queue.length, turns - 1, done);
      this.#scheduled = undefined;
      this.#commit(this.#queue.splice(0, largestGroup));
      if (this.#queue.length > 0) this.#schedule();
      done();
    });
  }

  #commit(group: readonly Waiting[]): void {
    const answers: (() => void)[] = [];
    try {
      this.#database.exec('BEGIN IMMEDIATE');
      for (const { work, resolve, reject } of group) {
        try {
          const result = work();
          answers.push(() => resolve(result as never));
        } catch (error) {
          if (storeUnavailable(error) !== error) throw error;
          answers.push(() => reject(error));
        }
      }
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#rollBack();
      this.#hooks.failed();
      for (const { reject } of group) reject(storeUnavailable(error));
      return;
    }
    this.#hooks.committed();
    for (const answer of answers) answer();
  }

  /** SQLite has done it already after some failures, and what can't be rolled back was not committed either. */
  #rollBack(): void {
    try {
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
    } catch {
      // The next BEGIN says what is wrong.
    }
  }
}
