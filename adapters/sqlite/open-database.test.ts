import { join } from 'node:path';
import { jest } from '@jest/globals';
import Database from 'libsql';
import { temporaryDirectory } from '../../test/support/temporary-directory.ts';
import { openDatabase, readSettings, type Sqlite } from './open-database.ts';
import { SqliteEventStore } from './sqlite-event-store.ts';
import { SqliteVault } from './sqlite-vault.ts';
import { SqliteViewStore } from './sqlite-view-store.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());
afterEach(() => jest.restoreAllMocks());

const stores = [
  ['events', 'FULL', (file: string) => new SqliteEventStore(file)],
  ['vault', 'FULL', (file: string) => new SqliteVault(file)],
  ['views', 'NORMAL', (file: string) => new SqliteViewStore(file)],
] as const;

it.each(stores)('keeps %s with synchronous=%s, on every connection', async (name, synchronous, open) => {
  const pragma = jest.spyOn(Database.prototype, 'pragma');
  const store = open(join(directory.path, `${name}.db`));
  const connections = [...new Set(pragma.mock.contexts as Sqlite[])];
  expect(connections.length).toBeGreaterThan(0);
  const level = { FULL: 2, NORMAL: 1 }[synchronous];
  // Some connections give integers as bigint.
  const settings = connections.map((each) => Object.values(readSettings(each)).map(String));
  expect(settings).toEqual(connections.map(() => ['wal', String(level), '1']));
  await store.close();
});

it('opens no file that does not take the settings', () => {
  // A database in memory has no write-ahead log.
  expect(() => openDatabase(':memory:', 'FULL')).toThrow('journal_mode=memory');
});
