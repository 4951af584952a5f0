import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { openDatabase } from '../../adapters/sqlite/open-database.ts';
import { SqliteViewStore } from '../../adapters/sqlite/sqlite-view-store.ts';
import type { ViewDefinition } from '../../contracts/ports/view-store.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { viewStoreContract } from './view-store.contract.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());
const newFile = () => join(directory.path, `${randomUUID()}.db`);

const people: ViewDefinition = { name: 'people', version: 1, indexes: ['name'] };

viewStoreContract('sqlite', async () => {
  const store = new SqliteViewStore(newFile());
  return { store, close: () => store.close() };
});

it('has rows, tombstones and checkpoint when it is opened again', async () => {
  const file = newFile();
  const before = new SqliteViewStore(file);
  await before.apply(people, [{ key: 'a', position: 1n, value: { name: 'Ann' } }], 1n);
  await before.apply(people, [{ key: 'b', position: 2n, value: undefined }], 3n);
  await before.close();

  const after = new SqliteViewStore(file);
  expect((await after.get(people, 'a'))?.value).toEqual({ name: 'Ann' });
  expect([await after.position(people, 'b'), await after.checkpoint(people)]).toEqual([2n, 3n]);
  await after.close();
});

it('writes rows and checkpoint in one transaction: a batch that fails leaves neither', async () => {
  const file = newFile();
  const store = new SqliteViewStore(file);
  await store.apply(people, [{ key: 'a', position: 1n, value: { v: 1 } }], 1n);
  const other = openDatabase(file, 'NORMAL');
  other.exec(`CREATE TRIGGER full BEFORE UPDATE ON checkpoints BEGIN SELECT raise(ABORT, 'full'); END`);
  const rows = ['a', 'b'].map((key) => ({ key, position: 2n, value: { v: 2 } }));
  await expect(store.apply(people, rows, 2n)).rejects.toMatchObject({ code: 'store-unavailable' });
  expect((await store.find(people, { limit: 9 })).map(({ key, position }) => [key, position])).toEqual([['a', 1n]]);
  expect(await store.checkpoint(people)).toBe(1n);
  other.exec('DROP TRIGGER full');
  await store.apply(people, rows, 2n);
  expect(await store.find(people, { limit: 9 })).toHaveLength(2);
  other.close();
  await store.close();
});

it('is unavailable, not broken, where the file can’t be read', async () => {
  const file = newFile();
  const store = new SqliteViewStore(file);
  await store.prepare(people);
  const other = openDatabase(file, 'NORMAL');
  other.exec('DROP TABLE "people@1"');
  other.close();
  await expect(store.get(people, 'a')).rejects.toMatchObject({ code: 'store-unavailable' });
  await expect(store.find(people, { limit: 1 })).rejects.toMatchObject({ code: 'store-unavailable' });
  await expect(store.apply(people, [{ key: 'a', position: 1n, value: {} }], 1n)).rejects.toMatchObject({
    code: 'store-unavailable',
  });
  await store.close();
});

it('looks by index among 100,000 rows, without sorting', async () => {
  const store = new SqliteViewStore(newFile());
  const total = 100_000;
  for (let start = 0; start < total; start += 1_000) {
    const changes = Array.from({ length: 1_000 }, (_, index) => ({
      key: `k${String(start + index).padStart(6, '0')}`,
      position: BigInt(start + index),
      value: { name: `n${(start + index) % 1_000}` },
    }));
    await store.apply(people, changes, BigInt(start));
  }
  const where = { field: 'name', equals: 'n7' };
  const asked = [
    { limit: 50 },
    { limit: 50, after: 'k050000', order: 'descending' },
    { limit: 50, where },
    { limit: 50, where, after: 'k050000', order: 'descending' },
    { limit: 50, where, from: 'k05', before: 'k06' },
  ] as const;
  for (const options of asked) expect(store.explain(people, options)).not.toMatch(/TEMP B-TREE|SCAN .* USING INDEX/);
  for (const options of asked.slice(1)) expect(store.explain(people, options)).toMatch(/SEARCH/);
  for (const options of asked.slice(2)) {
    expect(store.explain(people, options)).toMatch(/USING INDEX people@1 by name \(<expr>=\?/);
  }

  const began = performance.now();
  for (let index = 0; index < 200; index++) await store.find(people, { where, after: 'k050000', limit: 50 });
  // Reading all rows once takes longer than this allows for a search.
  expect((performance.now() - began) / 200).toBeLessThan(10);
  expect((await store.find(people, { where, limit: 1_000 })).length).toBe(100);
  await store.close();
});
