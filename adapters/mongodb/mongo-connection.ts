import mongoose, { type Model, type Schema } from 'mongoose';
import { DomainError } from '../../contracts/errors.ts';
import type { Log } from '../../contracts/ports/log.ts';
import { databaseIn, driverOptions } from './driver-options.ts';
import { closedError, storeUnavailable } from './mongo-errors.ts';

/** Where MongoDB is, and how long to wait for it. */
export interface MongoOptions {
  readonly url: string;
  /** Else the one that the URL names, else `tidemark`. */
  readonly database?: string | undefined;
  readonly log: Log;
  /** For each request, from asking to the answer. 2,000 when not given. */
  readonly deadlineMs?: number | undefined;
}

/**
 * Where the stores of this folder ask MongoDB. Begins to connect with the first request; a server that is away then or
 * later is found again by the next request once it is back.
 * @throws Error when the URL can't be one
 */
export class MongoConnection {
  readonly database: string;
  readonly #url: string;
  readonly #log: Log;
  readonly #deadlineMs: number;
  readonly #connection = mongoose.createConnection();
  #opening: Promise<unknown> | undefined;
  #opened = false;
  #answering: boolean | undefined;
  #closed = false;

  constructor({ url, database, log, deadlineMs = 2_000 }: MongoOptions) {
    this.database = database ?? databaseIn(url) ?? 'tidemark';
    this.#url = url;
    this.#log = log;
    this.#deadlineMs = deadlineMs;
    try {
      new mongoose.mongo.MongoClient(url);
    } catch {
      // The reason would show the URL, and with it the password.
      throw new Error('the URL of MongoDB is not valid');
    }
  }

  /** The collection of this name, seen through the schema. Nothing is asked of the server. */
  model<Row>(collection: string, schema: Schema<Row>): Model<Row> {
    return this.#connection.models[collection] ?? this.#connection.model<Row>(collection, schema, collection);
  }

  /**
   * Makes one request.
   * @throws DomainError 'store-unavailable' within the deadline; a write may then have been done or not
   */
  async request<Result>(send: () => Promise<Result>): Promise<Result> {
    if (this.#closed) throw closedError();
    try {
      const result = await this.#withinDeadline(send);
      if (this.#answering === false) this.#log.info({ database: this.database }, 'MongoDB answers again');
      this.#answering = true;
      return result;
    } catch (error) {
      throw this.#closed ? closedError(error) : this.#seen(storeUnavailable(error));
    }
  }

  /** @throws DomainError 'store-unavailable' within the deadline */
  async ping(): Promise<void> {
    await this.request(() => this.#connection.db!.command({ ping: 1 }));
  }

  /** What is under way fails. Takes no longer than the deadline. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#inTime(this.#connection.destroy(true)).catch((error) =>
      this.#log.warn({ err: error }, 'MongoDB was left without a goodbye'),
    );
  }

  #withinDeadline<Result>(send: () => Promise<Result>): Promise<Result> {
    const end = performance.now() + this.#deadlineMs;
    const sendInTime = async () => {
      await this.#open();
      if (performance.now() >= end) throw this.#late();
      return send();
    };
    return this.#inTime(sendInTime());
  }

  async #inTime<Result>(work: Promise<Result>): Promise<Result> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(this.#late()), this.#deadlineMs);
    });
    try {
      return await Promise.race([work, deadline]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The driver finds a server again by itself once it has found it; a first attempt that fails is to be repeated. */
  async #open(): Promise<void> {
    if (this.#opened) return;
    this.#opening ??= this.#connection
      .openUri(this.#url, driverOptions(this.database, this.#deadlineMs))
      .then(() => {
        this.#opened = true;
      })
      .finally(() => {
        this.#opening = undefined;
      });
    await this.#opening;
  }

  #late(): DomainError {
    return new DomainError('store-unavailable', { detail: `no answer within ${this.#deadlineMs} ms` });
  }

  #seen(error: unknown): unknown {
    if (error instanceof DomainError && this.#answering !== false) {
      this.#answering = false;
      this.#log.warn({ err: error, database: this.database }, 'MongoDB did not take or answer a request');
    }
    return error;
  }
}

/** See `MongoConnection`. */
export const connectMongo = (options: MongoOptions): MongoConnection => new MongoConnection(options);
