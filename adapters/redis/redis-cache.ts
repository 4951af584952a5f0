import type { Redis } from 'ioredis';
import type { Cache, CacheEntry } from '../../contracts/ports/cache.ts';
import type { RedisConnection } from './redis-connection.ts';

export interface RedisCacheOptions {
  /** Of all keys, to tell installations apart that share a server. */
  readonly prefix?: string;
  /** How long anything may take. Milliseconds. */
  readonly deadlineMs?: number;
}

/** An entry is `<position in 20 digits>:<value>`. As numbers, Lua would mix up positions beyond 53 bits. */
const positionDigits = 20;
const entryPattern = new RegExp(`^\\d{${positionDigits}}:`);

/** What is under the key and is no entry counts as nothing. */
const putIfNewer = `
local kept = redis.pcall('GET', KEYS[1])
local position = type(kept) == 'string' and string.match(kept, '^(%d+):')
if not position or #position ~= #ARGV[1] or position < ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[1] .. ':' .. ARGV[2], 'PX', ARGV[3])
elseif position == ARGV[1] then
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end`;

type Scripted = Redis & {
  readonly tidemarkPutIfNewer: (key: string, position: string, value: string, ttlMs: number) => Promise<unknown>;
};

/** A cache that all processes share. */
export class RedisCache implements Cache {
  readonly #connection: RedisConnection;
  readonly #prefix: string;
  readonly #deadlineMs: number;

  constructor(connection: RedisConnection, { prefix = '', deadlineMs = 100 }: RedisCacheOptions = {}) {
    this.#connection = connection;
    this.#prefix = `${prefix}cache:`;
    this.#deadlineMs = deadlineMs;
    connection.define('tidemarkPutIfNewer', { lua: putIfNewer, numberOfKeys: 1 });
  }

  async get(key: string): Promise<CacheEntry | undefined> {
    const kept = await this.#ask((redis) => redis.get(this.#prefix + key));
    if (!kept || !entryPattern.test(kept)) return undefined;
    return { value: kept.slice(positionDigits + 1), position: BigInt(kept.slice(0, positionDigits)) };
  }

  async putIfNewer(key: string, { value, position }: CacheEntry, ttlSeconds: number): Promise<void> {
    if (ttlSeconds <= 0) return;
    const digits = position.toString().padStart(positionDigits, '0');
    const ttlMs = Math.ceil(ttlSeconds * 1_000);
    await this.#ask((redis) => redis.tidemarkPutIfNewer(this.#prefix + key, digits, value, ttlMs));
  }

  #ask<T>(command: (redis: Scripted) => Promise<T>): Promise<T | undefined> {
    return this.#connection.ask(this.#deadlineMs, (redis) => command(redis as Scripted));
  }
}
