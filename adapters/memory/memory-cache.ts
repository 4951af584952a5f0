import { LRUCache } from 'lru-cache';
import type { Cache, CacheEntry } from '../../contracts/ports/cache.ts';

export interface MemoryCacheOptions {
  /** The least recently used go when there are more. */
  readonly maxEntries?: number;
  /** The clock, in milliseconds. It never goes back. */
  readonly now?: () => number;
}

/** A cache of this process alone. */
export class MemoryCache implements Cache {
  readonly #entries: LRUCache<string, CacheEntry>;

  constructor({ maxEntries = 10_000, now = () => performance.now() }: MemoryCacheOptions = {}) {
    // Without a resolution of 0 the library remembers the time of day for a while.
    this.#entries = new LRUCache({ max: maxEntries, perf: { now }, ttlResolution: 0 });
  }

  async get(key: string): Promise<CacheEntry | undefined> {
    return this.#entries.get(key);
  }

  async putIfNewer(key: string, entry: CacheEntry, ttlSeconds: number): Promise<void> {
    const there = this.#entries.get(key);
    // To the library, a time to live of 0 is forever.
    if (ttlSeconds <= 0 || (there && there.position > entry.position)) return;
    const kept = there?.position === entry.position ? there : { value: entry.value, position: entry.position };
    this.#entries.set(key, kept, { ttl: ttlSeconds * 1_000 });
  }
}
