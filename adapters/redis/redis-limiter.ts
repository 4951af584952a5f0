import { RateLimiterRedis } from 'rate-limiter-flexible';
import { DomainError } from '../../contracts/errors.ts';
import type { Limiter, Limiters, LimitOptions, Try } from '../../contracts/ports/limiter.ts';
import type { RedisConnection } from './redis-connection.ts';

export interface RedisLimiterOptions {
  /** Of all keys, to tell installations apart that share a server. */
  readonly prefix?: string;
  /** How long the server is asked before it counts as away. Milliseconds. */
  readonly deadlineMs?: number;
  /** Count while the server is away. */
  readonly insurance: Limiters;
}

/**
 * In place of the library's own, which counts who is refused, goes below none, and keeps what is back at none. Its
 * arguments: the key; change, window in seconds, and how many are let through. Its answer: the count that would have
 * been, or is, and the milliseconds until the window ends. What is under the key and is no count is none.
 */
const count = `
local taken = tonumber(redis.pcall('GET', KEYS[1])) or 0
local leftMs = redis.call('PTTL', KEYS[1])
if leftMs <= 0 then
  taken, leftMs = 0, ARGV[2] * 1000
end
local now = taken + ARGV[1]
if now <= 0 then
  redis.call('DEL', KEYS[1])
elseif now <= tonumber(ARGV[3]) then
  redis.call('SET', KEYS[1], now, 'PX', leftMs)
end
return { now, leftMs }`;

/** Counts that all processes share; each key is gone from the server with its window. */
class RedisLimiter implements Limiter {
  readonly #connection: RedisConnection;
  readonly #deadlineMs: number;
  readonly #limiter: RateLimiterRedis;
  readonly #insurance: Limiter;

  constructor(connection: RedisConnection, limit: LimitOptions, options: RedisLimiterOptions) {
    const { prefix = '', deadlineMs = 100, insurance } = options;
    this.#connection = connection;
    this.#deadlineMs = deadlineMs;
    this.#insurance = insurance(limit);
    this.#limiter = new RateLimiterRedis({
      storeClient: connection.client,
      keyPrefix: `${prefix}limit:${limit.name}`,
      points: limit.tries,
      duration: limit.windowSeconds,
      customIncrTtlLuaScript: count,
    });
  }

  async take(key: string): Promise<Try> {
    const counted = await this.#ask(() => this.#limiter.penalty(key));
    if (!counted) return this.#insurance.take(key);
    const { consumedPoints, msBeforeNext } = counted;
    if (consumedPoints <= this.#limiter.points) return { giveBack: () => this.#giveBack(key) };
    throw new DomainError('too-many-attempts', { retryAfterSeconds: Math.max(1, Math.ceil(msBeforeNext / 1_000)) });
  }

  async forget(key: string): Promise<void> {
    await Promise.all([this.#ask(() => this.#limiter.delete(key)), this.#insurance.forget(key)]);
  }

  async #giveBack(key: string): Promise<void> {
    await this.#ask(() => this.#limiter.reward(key));
  }

  #ask<T>(command: () => Promise<T>): Promise<T | undefined> {
    return this.#connection.ask(this.#deadlineMs, command);
  }
}

/** Limits that all processes count together, and each by itself while the server is away. */
export const redisLimiters =
  (connection: RedisConnection, options: RedisLimiterOptions): Limiters =>
  (limit) =>
    new RedisLimiter(connection, limit, options);
