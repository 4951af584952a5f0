import type { Vault } from '../../contracts/ports/vault.ts';

const credentials = 'credentials';
const pending = 'pending-registrations';

export interface PendingRegistration {
  readonly userId: string;
}

/** Password hashes, and the note that a registration is under way. */
export class Credentials {
  readonly #vault: Vault;

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  async hashOf(userId: string): Promise<string | undefined> {
    return ((await this.#vault.get(credentials, userId))?.value as { hash: string } | undefined)?.hash;
  }

  /** Noted before anything else is kept for the user, so that what a crash leaves is found. */
  async begin(userId: string): Promise<void> {
    await this.#vault.insert(pending, userId, {});
  }

  /** Keeps the hash; one that is there already (of a first try with the same password) stays. */
  async add(userId: string, hash: string): Promise<void> {
    await this.#vault.insert(credentials, userId, { hash }, { subject: userId });
  }

  /** Keeps this hash whatever is there. */
  async put(userId: string, hash: string): Promise<void> {
    for (;;) {
      const kept = await this.#vault.get(credentials, userId);
      const written = kept
        ? await this.#vault.replace(credentials, userId, kept.version, { hash }, { subject: userId })
        : await this.#vault.insert(credentials, userId, { hash }, { subject: userId });
      if (written) return;
    }
  }

  async finish(userId: string): Promise<void> {
    await this.#vault.remove(pending, userId);
  }

  async remove(userId: string): Promise<void> {
    await this.#vault.remove(credentials, userId);
  }

  async unfinishedSince(before: Date, limit: number): Promise<readonly PendingRegistration[]> {
    return (await this.#vault.list(pending, before, limit)).map(({ id }) => ({ userId: id }));
  }
}
