import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SqliteVault } from '../../adapters/sqlite/sqlite-vault.ts';
import type { Vault } from '../../contracts/ports/vault.ts';
import { sealedVault } from '../../runtime/sealed-vault.ts';

/** The vault of a running Tidemark, beside it. */
export const openVault = async (directory: string): Promise<{ readonly vault: Vault; close(): Promise<void> }> => {
  const file = new SqliteVault(join(directory, 'vault.db'));
  const key = Buffer.from(readFileSync(join(directory, 'master.key'), 'utf8'), 'base64');
  return { vault: await sealedVault(file, key), close: () => file.close() };
};
