export interface VaultRecord {
  readonly id: string;
  /** JSON. */
  readonly value: unknown;
  /** Rises by one with every replacement. */
  readonly version: number;
  readonly writtenAt: Date;
}

export interface VaultOptions {
  /** Whose record it is: `removeSubject` finds it. */
  readonly subject?: string | undefined;
  /** From then on it counts as absent. */
  readonly expiresAt?: Date | undefined;
}

/**
 * Where secrets and other things that must never be events are kept: credentials, personal keys, refresh tokens,
 * answers of idempotent requests, leases. Single records, compare-and-set, no transaction over several of them.
 * On return of a write it is on disk; of a replica set, on the disks of a majority. Expiry goes by the clock of the
 * process that asks.
 *
 * What was removed or replaced can't be read here any more. Its bytes are another matter:
 * - SQLite overwrites them where they lay, and empties its log with the next `removeSubject` or `sweep`. A copy that
 *   was left between the rows of a page when a full page was split may stay there (one record in ten thousand).
 * - MongoDB can't be told to. They stay in its journal, in the oplog of a replica set and in freed blocks of its files
 *   until they are written over, which nobody promises, and in backups for as long as those are kept.
 *
 * That is why values are sealed before they come here, under a key that no store has: such bytes, a personal key's
 * included, open only for somebody who has the disk or the backup and the master key too. Ids, collections, subjects
 * and times are not sealed and must say nothing of a person.
 * @throws DomainError 'store-unavailable'. A write may then have been done or not: read before you take it for either.
 */
export interface Vault {
  get(collection: string, id: string): Promise<VaultRecord | undefined>;
  /** False, and nothing written, when there is one already. */
  insert(collection: string, id: string, value: unknown, options?: VaultOptions): Promise<boolean>;
  /** False, and nothing written, when the record is absent or not at this version any more. Options replace the old ones. */
  replace(collection: string, id: string, version: number, value: unknown, options?: VaultOptions): Promise<boolean>;
  /** False when there was none, or not at this version. */
  remove(collection: string, id: string, version?: number): Promise<boolean>;
  /** Removes all records of the subject, in all collections. May have removed some when it fails; safe to repeat. */
  removeSubject(subject: string): Promise<void>;
  /** The records written before `before`, by this or their last replacement, oldest first, at most `limit`. */
  list(collection: string, before: Date, limit: number): Promise<readonly VaultRecord[]>;
  /** Removes what has expired. Returns how many. */
  sweep(): Promise<number>;
}
