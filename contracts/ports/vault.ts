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
 * On return of a write it is on disk.
 * @throws DomainError 'store-unavailable'
 */
export interface Vault {
  get(collection: string, id: string): Promise<VaultRecord | undefined>;
  /** False, and nothing written, when there is one already. */
  insert(collection: string, id: string, value: unknown, options?: VaultOptions): Promise<boolean>;
  /** False, and nothing written, when the record is absent or not at this version any more. Options replace the old ones. */
  replace(collection: string, id: string, version: number, value: unknown, options?: VaultOptions): Promise<boolean>;
  /** False when there was none, or not at this version. */
  remove(collection: string, id: string, version?: number): Promise<boolean>;
  /** Removes all records of the subject, in all collections. No byte of them, or of anything removed or replaced before, is left behind. */
  removeSubject(subject: string): Promise<void>;
  /** The records written before `before`, oldest first, at most `limit`. */
  list(collection: string, before: Date, limit: number): Promise<readonly VaultRecord[]>;
  /** Removes what has expired, and what was removed before leaves no byte behind. Returns how many. */
  sweep(): Promise<number>;
}
