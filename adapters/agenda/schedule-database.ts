import { type Db, MongoClient, type MongoClientOptions } from '@agendajs/mongo-backend';
import type { Log } from '../../contracts/ports/log.ts';

export interface ScheduleDatabaseOptions {
  /** MongoDB's. */
  readonly url: string;
  /** The url's when absent. */
  readonly database?: string | undefined;
  /** The longest that an answer is waited for. */
  readonly deadlineMs: number;
  readonly log: Log;
}

const clientOptions = (deadlineMs: number): MongoClientOptions => ({
  appName: 'tidemark-schedule',
  maxPoolSize: 4,
  // The driver has several deadlines, and none over all of a request: that is `within`. With these, what has not been
  // sent by then never will be, and nothing that was waited for is kept.
  serverSelectionTimeoutMS: deadlineMs / 2,
  waitQueueTimeoutMS: deadlineMs / 2,
  connectTimeoutMS: deadlineMs,
  socketTimeoutMS: deadlineMs,
  heartbeatFrequencyMS: 2_000,
  // A lock that was given must not be undone by a failover.
  w: 'majority',
  journal: true,
  wtimeoutMS: deadlineMs,
  readPreference: 'primary',
  // Each write is sent once.
  retryWrites: false,
});

/** Gives up waiting for what takes too long. It may still happen. */
const within = async <Answer>(deadlineMs: number, answer: Promise<Answer>): Promise<Answer> => {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`MongoDB has not answered for ${deadlineMs} ms`)), deadlineMs);
  });
  return Promise.race([answer, tooLate]).finally(() => clearTimeout(timer));
};

/** MongoDB as far as it keeps the schedule. Connects when it is asked for the first time, and by itself after an outage. */
export class ScheduleDatabase {
  readonly #options: ScheduleDatabaseOptions;
  readonly #client: MongoClient;
  readonly db: Db;
  #connected: Promise<unknown> | undefined;
  #answeredMs = 0;
  #awaySinceMs: number | undefined;

  /** @throws Error when the URL can't be one */
  constructor(options: ScheduleDatabaseOptions) {
    this.#options = options;
    try {
      this.#client = new MongoClient(options.url, clientOptions(options.deadlineMs));
    } catch {
      // The reason would show the URL, and with it the password.
      throw new Error('the URL of MongoDB is not valid');
    }
    this.db = this.#client.db(options.database);
  }

  /**
   * Tells the operator once when MongoDB is away, and once when it is back, however often it failed in between.
   * @throws what `question` threw, the driver's errors, and an Error after the deadline: then it may still be done
   */
  async ask<Answer>(question: () => Promise<Answer>): Promise<Answer> {
    const askedMs = performance.now();
    try {
      const answer = await within(this.#options.deadlineMs, this.#connect().then(question));
      this.#answeredMs = performance.now();
      this.#isBack();
      return answer;
    } catch (error) {
      // Asked before somebody else's answer came, it is old news.
      if (askedMs > this.#answeredMs) this.#isAway(error);
      throw error;
    }
  }

  /** Does not wait for a MongoDB that is away. */
  async close(): Promise<void> {
    const { deadlineMs, log } = this.#options;
    await within(deadlineMs, this.#client.close()).catch((error) =>
      log.warn({ err: error }, 'the connection to the schedule was not closed in time'),
    );
  }

  /** The driver does not try again by itself when the first connection has failed. */
  #connect(): Promise<unknown> {
    this.#connected ??= this.#client.connect().catch((error) => {
      this.#connected = undefined;
      throw error;
    });
    return this.#connected;
  }

  #isAway(error: unknown): void {
    if (this.#awaySinceMs !== undefined) return;
    this.#awaySinceMs = performance.now();
    this.#options.log.warn({ err: error }, 'the schedule is away: no job runs meanwhile');
  }

  #isBack(): void {
    if (this.#awaySinceMs === undefined) return;
    const lastedMs = Math.round(performance.now() - this.#awaySinceMs);
    this.#awaySinceMs = undefined;
    this.#options.log.info({ lastedMs }, 'the schedule is back');
  }
}
