import type { Vault, VaultOptions, VaultRecord } from '../../contracts/ports/vault.ts';

interface Kept extends VaultRecord, VaultOptions {
  readonly collection: string;
}

/** The vault's promises in a map: for tests. */
export class MemoryVault implements Vault {
  readonly #records = new Map<string, Kept>();

  async get(collection: string, id: string): Promise<VaultRecord | undefined> {
    const kept = this.#current(collection, id);
    return kept && copy(kept);
  }

  async insert(collection: string, id: string, value: unknown, options: VaultOptions = {}): Promise<boolean> {
    if (this.#current(collection, id)) return false;
    this.#put({ ...options, collection, id, value, version: 0, writtenAt: new Date() });
    return true;
  }

  async replace(collection: string, id: string, version: number, value: unknown, options: VaultOptions = {}) {
    if (this.#current(collection, id)?.version !== version) return false;
    this.#put({ ...options, collection, id, value, version: version + 1, writtenAt: new Date() });
    return true;
  }

  async remove(collection: string, id: string, version?: number): Promise<boolean> {
    const kept = this.#records.get(keyOf(collection, id));
    if (!kept || (version !== undefined && kept.version !== version)) return false;
    return this.#records.delete(keyOf(collection, id));
  }

  async removeSubject(subject: string): Promise<void> {
    for (const [key, kept] of this.#records) if (kept.subject === subject) this.#records.delete(key);
  }

  async list(collection: string, before: Date, limit: number): Promise<readonly VaultRecord[]> {
    return [...this.#records.values()]
      .filter((kept) => kept.collection === collection && kept.writtenAt < before && !hasExpired(kept))
      .sort((one, other) => one.writtenAt.getTime() - other.writtenAt.getTime())
      .slice(0, limit)
      .map(copy);
  }

  async sweep(): Promise<number> {
    const expired = [...this.#records].filter(([, kept]) => hasExpired(kept));
    for (const [key] of expired) this.#records.delete(key);
    return expired.length;
  }

  #current(collection: string, id: string): Kept | undefined {
    const kept = this.#records.get(keyOf(collection, id));
    return kept && !hasExpired(kept) ? kept : undefined;
  }

  #put(kept: Kept): void {
    this.#records.set(keyOf(kept.collection, kept.id), { ...kept, value: structuredClone(kept.value) });
  }
}

const keyOf = (collection: string, id: string) => JSON.stringify([collection, id]);
const hasExpired = ({ expiresAt }: VaultOptions) => expiresAt !== undefined && expiresAt.getTime() <= Date.now();
const copy = ({ id, value, version, writtenAt }: Kept): VaultRecord => ({
  id,
  value: structuredClone(value),
  version,
  writtenAt,
});
