import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import type { NewEvent } from '../../contracts/ports/event-store.ts';
import { collect } from '../../test/support/collect.ts';
import { temporaryDirectory } from '../../test/support/temporary-directory.ts';
import { SqliteEventStore } from './sqlite-event-store.ts';
import { SqliteVault } from './sqlite-vault.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());
const newFile = () => join(directory.path, `${randomUUID()}.db`);
const metadata = { actor: 'test', commandId: randomUUID(), correlationId: 'test' };
const event = (data: unknown = {}): NewEvent => ({ id: randomUUID(), type: 'user.created', data, metadata });

it('refuses writes that begin while the store is closing, and keeps those that were taken', async () => {
  const file = newFile();
  const store = new SqliteEventStore(file);
  const first = store.append('user-1', 'none', [event()]);
  const second = first.then(() => store.append('user-2', 'none', [event()]));
  const third = second.catch(() => store.append('user-3', 'none', [event()]));
  const [closed, ...writes] = await Promise.allSettled([store.close(), first, second, third]);
  expect(closed.status).toBe('fulfilled');
  expect(writes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
  const again = new SqliteEventStore(file);
  expect(await collect(again.read('user-1'))).toHaveLength(1);
  expect(await again.head()).toBe(1n);
  await again.close();
});

it('writes nothing of an append of which a part can’t be written, and goes on', async () => {
  const store = new SqliteEventStore(newFile());
  await expect(store.append('user-1', 'none', [event(), event(1n)])).rejects.toThrow('BigInt');
  expect(await collect(store.read('user-1'))).toEqual([]);
  expect(await store.append('user-2', 'none', [event()])).toMatchObject({ revision: 0, position: 1n });
  await store.close();
});

it('says that removed bytes are still there while somebody reads the vault’s file, and clears them later', async () => {
  const file = newFile();
  const vault = new SqliteVault(file);
  await vault.insert('things', 'one', 'rosebud'.repeat(10), { subject: 'somebody' });
  const reader = new Database(file, { readonly: true });
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM records').get();
  await expect(vault.removeSubject('somebody')).rejects.toMatchObject({ code: 'store-unavailable', retriable: true });
  expect(await vault.get('things', 'one')).toBeUndefined();
  reader.exec('COMMIT');
  reader.close();
  await vault.removeSubject('somebody');
  const bytes = Buffer.concat([file, `${file}-wal`].map((path) => readFileSync(path)));
  expect(bytes.includes('rosebud')).toBe(false);
  await vault.close();
});
