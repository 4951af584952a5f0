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

it('opens no record that was moved to another id or collection', async () => {
  const inner = new MemoryVault();
  const vault = await sealedVault(inner, randomBytes(32));
  await vault.insert('things', 'one', 'of one');
  const { value } = (await inner.get('things', 'one'))!;
  await inner.insert('things', 'two', value);
  await inner.insert('others', 'one', value);
  expect((await vault.get('things', 'one'))?.value).toBe('of one');
  await expect(vault.get('things', 'two')).rejects.toThrow();
  await expect(vault.get('others', 'one')).rejects.toThrow();
  await expect(vault.list('others', new Date(Date.now() + 60_000), 10)).rejects.toThrow();
});

const bytesIn = (path: string) => Buffer.concat(readdirSync(path).map((file) => readFileSync(join(path, file))));

it('leaves no byte of what has expired, was removed or was replaced, once it is swept', async () => {
  const path = join(directory.path, randomUUID());
  const vault = new SqliteVault(join(path, 'vault.db'));
  const [expired, removed, replaced, kept] = Array.from({ length: 4 }, () => randomBytes(48).toString('hex'));
  await vault.insert('things', 'expired', expired, { expiresAt: new Date(Date.now() - 1) });
  await vault.insert('things', 'removed', removed);
  await vault.insert('things', 'replaced', replaced);
  await vault.remove('things', 'removed');
  await vault.replace('things', 'replaced', 0, kept);
  const found = () => [expired, removed, replaced, kept].map((secret) => bytesIn(path).includes(secret!));
  expect(found()).toEqual([true, true, true, true]);
  expect(await vault.sweep()).toBe(1);
  expect(found()).toEqual([false, false, false, true]);
  await vault.close();
});

it('leaves no byte of what was removed in any file', async () => {
  const path = join(directory.path, randomUUID());
  const vault = new SqliteVault(join(path, 'vault.db'));
  const secrets = Array.from({ length: 300 }, () => randomBytes(48).toString('hex'));
  // In the order of their ids: a page that is split leaves copies behind, which the port says.
  for (const [index, secret] of secrets.entries())
    await vault.insert('things', String(index).padStart(4, '0'), secret, { subject: `${index}` });
  const gone = secrets.filter((_, index) => index % 3 === 0);
  for (const secret of gone) await vault.removeSubject(`${secrets.indexOf(secret)}`);

  const bytes = bytesIn(path);
  expect(gone.filter((secret) => bytes.includes(secret))).toEqual([]);
  expect(bytes.includes(secrets[1]!)).toBe(true);
  await vault.close();
});
