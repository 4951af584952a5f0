import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { erased } from '../contracts/events/catalogue.ts';
import type { Vault } from '../contracts/ports/vault.ts';
import { seal, unseal } from './sealing.ts';

const collection = 'personal-keys';
/** Stands where a destroyed key was, so that no new one is made for the same user. */
const tombstone = '';
/** How long another process may go on reading what was erased. */
const cacheMs = 5_000;

/** One key a user, in the vault: what is sealed under it is gone for good when it is destroyed. */
export class PersonalData {
  readonly #vault: Vault;
  /** An empty key is a destroyed one. */
  readonly #keys = new LRUCache<string, Buffer>({ max: 10_000, ttl: cacheMs });

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  /** Made at registration and at no other time. False when this user's key was destroyed before. */
  async createKey(userId: string): Promise<boolean> {
    if (await this.#vault.insert(collection, userId, randomBytes(32).toString('base64url'))) return true;
    return (await this.#vault.get(collection, userId))?.value !== tombstone;
  }

  /** What is left is unreadable. Removing something else of the user from the vault also clears the key's bytes away. */
  async destroyKey(userId: string): Promise<void> {
    for (;;) {
      const kept = await this.#vault.get(collection, userId);
      const destroyed = kept
        ? kept.value === tombstone || (await this.#vault.replace(collection, userId, kept.version, tombstone))
        : await this.#vault.insert(collection, userId, tombstone);
      if (destroyed) break;
    }
    this.#keys.delete(userId);
  }

  /** Removes the key of somebody who never came; no tombstone, since no event was ever sealed under it. */
  async forgetKey(userId: string): Promise<void> {
    await this.#vault.remove(collection, userId);
    this.#keys.delete(userId);
  }

  /** The value sealed for its field, or `erased` when the user's key is destroyed. */
  async seal(userId: string, field: string, value: string): Promise<string> {
    const key = await this.#key(userId);
    if (!key) throw new Error('personal data of a user without a key');
    return key.length === 0 ? erased : seal(key, value, `${userId}/${field}`);
  }

  /** The value, or `erased` when it can't be read any more. */
  async open(userId: string, field: string, sealed: string): Promise<string> {
    if (sealed === erased) return erased;
    const key = await this.#key(userId);
    return key === undefined || key.length === 0 ? erased : unseal(key, sealed, `${userId}/${field}`);
  }

  async #key(userId: string): Promise<Buffer | undefined> {
    const cached = this.#keys.get(userId);
    if (cached) return cached;
    const kept = await this.#vault.get(collection, userId);
    if (!kept) return undefined;
    const key = Buffer.from(kept.value as string, 'base64url');
    this.#keys.set(userId, key);
    return key;
  }
}
