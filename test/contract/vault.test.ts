import { randomBytes, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MemoryVault } from '../../adapters/memory/memory-vault.ts';
import { SqliteVault } from '../../adapters/sqlite/sqlite-vault.ts';
import { sealedVault } from '../../runtime/sealed-vault.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { vaultContract } from './vault.contract.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

vaultContract('memory', async () => ({ vault: new MemoryVault(), close: async () => {} }));
vaultContract('sqlite', async () => {
  const vault = new SqliteVault(join(directory.path, 'plain.db'));
  return { vault, close: () => vault.close() };
});
vaultContract('sealed', async () => ({
  vault: await sealedVault(new MemoryVault(), randomBytes(32)),
  close: async () => {},
}));

it('keeps nothing readable, and refuses another master key', async () => {
  const inner = new MemoryVault();
  const vault = await sealedVault(inner, randomBytes(32));
  await vault.insert('things', 'one', { secret: 'rosebud' });
  expect(JSON.stringify(await inner.get('things', 'one'))).not.toContain('rosebud');
  await expect(sealedVault(inner, randomBytes(32))).rejects.toThrow('MASTER_KEY');
});

it('leaves no byte of what was removed in any file', async () => {
  const path = join(directory.path, randomUUID());
  const vault = new SqliteVault(join(path, 'vault.db'));
  const secrets = Array.from({ length: 300 }, () => randomBytes(48).toString('hex'));
  for (const [index, secret] of secrets.entries())
    await vault.insert('things', randomUUID(), secret, { subject: `${index}` });
  const gone = secrets.filter((_, index) => index % 3 === 0);
  for (const secret of gone) await vault.removeSubject(`${secrets.indexOf(secret)}`);

  const bytes = Buffer.concat(readdirSync(path).map((file) => readFileSync(join(path, file))));
  expect(gone.filter((secret) => bytes.includes(secret))).toEqual([]);
  expect(bytes.includes(secrets[1]!)).toBe(true);
  await vault.close();
});
