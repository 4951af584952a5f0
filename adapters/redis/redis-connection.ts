import { Redis, ReplyError } from 'ioredis';
import { backOffMs } from '../../contracts/back-off.ts';
import type { Log } from '../../contracts/ports/log.ts';
import { Outage, withoutCommand } from './outage.ts';
import { DeadlineExceeded, withinDeadline } from './within-deadline.ts';

export interface RedisConnectionOptions {
  /** `redis://` or, with TLS, `rediss://`; with user, password (both percent-encoded) and database where needed. */
  readonly url: string;
  readonly log: Log;
  /** Silence after which a connection that owes an answer is given up, and what connecting may take. Milliseconds. */
  readonly silenceMs?: number;
}

/** As long as answers may be late before the server counts as well again. */
const calmMs = 1_000;

/**
 * One connection, which comes back by itself. Nothing waits in it: while the server is away, or has left somebody without
 * an answer, all who ask are turned away at once, so a server that hangs costs those their deadline who were there when
 * it began to, and nobody after them.
 */
export class RedisConnection {
  readonly #redis: Redis;
  readonly #log: Log;
  readonly #outage: Outage;
  /** Kinds of refusals that were told since the connection was made. */
  readonly #told = new Set<string>();
  readonly #silenceMs: number;
  #silentUntilMs = Number.NEGATIVE_INFINITY;
  #lateMs = Number.NEGATIVE_INFINITY;
  #closing = false;

  /** `silenceMs`: how long nobody asks after somebody has got no answer. */
  constructor(redis: Redis, log: Log, silenceMs: number) {
    this.#redis = redis;
    this.#log = log;
    this.#silenceMs = silenceMs;
    this.#outage = new Outage(log);
    redis.on('ready', () => {
      this.#silentUntilMs = Number.NEGATIVE_INFINITY;
      this.#told.clear();
      this.#outage.ended();
    });
    redis.on('error', (error) => this.#lost(error));
    redis.on('close', () => this.#lost(new Error('the connection was closed')));
  }

  /** Whether who asks now is turned away. True until the first connection is made. */
  get away(): boolean {
    return this.#closing || this.#redis.status !== 'ready' || performance.now() < this.#silentUntilMs;
  }

  /** Makes the script a method of the client. Safe to repeat. */
  define(name: string, script: { readonly lua: string; readonly numberOfKeys: number }): void {
    this.#redis.defineCommand(name, script);
  }

  /** For libraries that send their own commands; only within `ask`. */
  get client(): Redis {
    return this.#redis;
  }

  /**
   * The answer to one command, within `deadlineMs`; undefined when the server did not take or answer it, and then the
   * operator has been told.
   */
  async ask<T>(deadlineMs: number, command: (redis: Redis) => Promise<T>): Promise<T | undefined> {
    if (this.away) return undefined;
    const askedMs = performance.now();
    const answer = command(this.#redis);
    const heard = () => this.#heard(performance.now() - askedMs > deadlineMs);
    // Heard of also when nobody waits for it any more.
    answer.then(heard, (error) => error instanceof ReplyError && heard());
    try {
      return await withinDeadline(answer, deadlineMs);
    } catch (error) {
      if (error instanceof DeadlineExceeded) this.#unanswered(error);
      else if (this.#redis.status === 'ready') this.#refused(error as Error);
      return undefined;
    }
  }

  /** Ends the connection; what is under way is given up. Safe to repeat. */
  async close(): Promise<void> {
    this.#closing = true;
    // Between two connections nothing ends.
    if (this.#redis.status === 'end' || this.#redis.status === 'reconnecting') return this.#redis.disconnect();
    await new Promise<void>((resolve) => {
      this.#redis.once('end', resolve);
      this.#redis.disconnect();
    });
  }

  #heard(late: boolean): void {
    this.#silentUntilMs = Number.NEGATIVE_INFINITY;
    if (late) this.#lateMs = performance.now();
    // So that a server that is slow now and again doesn't fill the log.
    else if (!this.away && performance.now() - this.#lateMs > calmMs) this.#outage.ended();
  }

  #unanswered(error: Error): void {
    this.#lateMs = performance.now();
    // Until then either an answer has come, or the connection was given up.
    this.#silentUntilMs = this.#lateMs + this.#silenceMs;
    if (!this.#closing) this.#outage.began(error);
  }

  #lost(error: unknown): void {
    if (!this.#closing) this.#outage.began(error);
  }

  /** The server is there and won't do this: it has no memory left, say. Each kind is told once. */
  #refused(error: Error): void {
    const kind = error.message.split(' ', 1)[0]!;
    if (this.#closing || this.#told.has(kind)) return;
    this.#told.add(kind);
    this.#log.error({ err: withoutCommand(error) }, 'redis refused a command');
  }
}

/**
 * Connects in the background; a server that is away is no error here.
 * @throws Error when the URL is none of Redis
 */
export const connectRedis = ({ url, log, silenceMs = 1_000 }: RedisConnectionOptions): RedisConnection => {
  if (!URL.canParse(url) || !/^rediss?:\/\//.test(url)) throw new Error('The address of Redis is not a redis: URL.');
  const redis = new Redis(url, {
    // Nobody's command waits for a server that is away.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    connectTimeout: silenceMs,
    // Bounds the greeting, too.
    commandTimeout: silenceMs,
    socketTimeout: silenceMs,
    disconnectTimeout: 100,
    maxLoadingRetryTime: 500,
    retryStrategy: (failures) => backOffMs({ baseMs: 50, maxMs: 2_000, random: Math.random }, failures),
  });
  return new RedisConnection(redis, log, silenceMs);
};
