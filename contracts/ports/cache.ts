import type { Position } from './event-store.ts';

export interface CacheEntry {
  readonly value: string;
  /** Of the event that the value reflects. */
  readonly position: Position;
}

/**
 * Shared, short-lived copies of answers. Holds prices only, never anything personal. Losing it loses nothing: a cache
 * that is away reads as empty and drops writes, within its own deadline, and never throws. What is there and was not
 * put by this port counts as nothing.
 */
export interface Cache {
  get(key: string): Promise<CacheEntry | undefined>;
  /**
   * Keeps the entry for `ttlSeconds`, unless one with a later or the same position is there; so a late reader can't
   * undo what a writer has put since. At the same position the time to live starts anew. Without a time to live nothing
   * is done.
   */
  putIfNewer(key: string, entry: CacheEntry, ttlSeconds: number): Promise<void>;
}
