import { hkdfSync } from 'node:crypto';
import { isDomainError } from '../contracts/errors.ts';
import type { Vault, VaultRecord } from '../contracts/ports/vault.ts';
import { seal, unseal } from './sealing.ts';

/** Any known text: it opens with the right key only. */
const proof = 'this vault opens with this key';

/**
 * Encrypts every value on its way into the vault, under a key made from the master key (32 bytes).
 * @throws Error when the vault was sealed with another master key; DomainError 'store-unavailable'
 */
export const sealedVault = async (vault: Vault, masterKey: Uint8Array): Promise<Vault> => {
  const key = new Uint8Array(hkdfSync('sha256', masterKey, '', 'tidemark vault', 32));
  const sealFor = (collection: string, id: string, value: unknown) =>
    seal(key, JSON.stringify(value), `${collection}/${id}`);
  const open = (collection: string, record: VaultRecord): VaultRecord => ({
    ...record,
    value: JSON.parse(unseal(key, record.value as string, `${collection}/${record.id}`)),
  });

  const sealed: Vault = {
    get: async (collection, id) => {
      const record = await vault.get(collection, id);
      return record && open(collection, record);
    },
    insert: (collection, id, value, options) => vault.insert(collection, id, sealFor(collection, id, value), options),
    replace: (collection, id, version, value, options) =>
      vault.replace(collection, id, version, sealFor(collection, id, value), options),
    list: async (collection, before, limit) =>
      (await vault.list(collection, before, limit)).map((record) => open(collection, record)),
    remove: (collection, id, version) => vault.remove(collection, id, version),
    removeSubject: (subject) => vault.removeSubject(subject),
    sweep: () => vault.sweep(),
  };

  await sealed.insert('vault', 'proof', proof);
  await sealed.get('vault', 'proof').catch((error) => {
    if (isDomainError(error)) throw error;
    throw new Error('MASTER_KEY is not the one that this vault was made with', { cause: error });
  });
  return sealed;
};
