import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import mongoose from 'mongoose';
import { connectMongo, type MongoConnection } from '../../adapters/mongodb/mongo-connection.ts';
import { MongoViewStore } from '../../adapters/mongodb/mongo-view-store.ts';
import type { RowChange } from '../../contracts/ports/view-store.ts';
import { withBackend } from '../support/backends.ts';
import { isMongod, type MongoDatabase, temporaryDatabase } from '../support/mongo-database.ts';
import { recordingLog } from '../support/recording-log.ts';
import { viewStoreContract } from './view-store.contract.ts';

const { Collection, MongoNetworkError } = mongoose.mongo;
type Asked = InstanceType<typeof Collection>;
const beyondFirstPlane = process.env.MONGO_URL === undefined || (await isMongod(process.env.MONGO_URL));

withBackend('MONGO_URL', (url) => {
  const connect = (database: MongoDatabase) =>
    connectMongo({ url, database: database.name, log: recordingLog(), deadlineMs: 10_000 });

  const open = async () => {
    const database = temporaryDatabase(url);
    const connection = connect(database);
    const close = () => connection.close().then(() => database.remove());
    return { store: new MongoViewStore(connection), close };
  };
  viewStoreContract('mongodb', open, { beyondFirstPlane });

  describe('views in MongoDB', () => {
    const view = () => ({ name: `people-${randomUUID()}`, version: 1, indexes: ['name'] });
    const row = (key: string, position: bigint, v: unknown = position.toString()): RowChange => ({
      key,
      position,
      value: { v, name: 'Ann' },
    });
    let database: MongoDatabase;
    let connection: MongoConnection;
    let store: MongoViewStore;
    beforeAll(() => {
      database = temporaryDatabase(url);
      connection = connect(database);
      store = new MongoViewStore(connection);
    });
    afterEach(() => jest.restoreAllMocks());
    afterAll(async () => {
      await connection.close();
      await database.remove();
    });

    it('makes the declared indexes before the first row, and asks for them once', async () => {
      const people = view();
      const asked = jest.spyOn(Collection.prototype, 'createIndexes');
      for (const position of [1n, 2n, 3n]) await store.apply(people, [row('a', position)], position);
      expect(asked).toHaveBeenCalledTimes(1);
      const raw = await database.raw();
      const indexes = await raw.collection(`${people.name}@1`).indexes();
      expect(indexes.map(({ key }) => JSON.stringify(key)).sort()).toEqual(['{"_id":1}', '{"indexed.name":1,"_id":1}']);
    });

    it('makes them again when somebody else has dropped the view meanwhile', async () => {
      const people = view();
      await store.apply(people, [row('a', 1n)], 1n);
      const other = connect(database);
      await new MongoViewStore(other).drop(people);
      await other.close();
      expect(await store.find(people, { limit: 9 })).toEqual([]);
      await store.prepare(people);
      expect(await (await database.raw()).collection(`${people.name}@1`).indexes()).toHaveLength(2);
    });

    it('asks a majority’s journal and the primary, whatever the URL says', async () => {
      const lax = connectMongo({
        url: `${url}${url.includes('?') ? '&' : '?'}w=1&journal=false&readConcernLevel=local&readPreference=secondaryPreferred`,
        database: database.name,
        log: recordingLog(),
      });
      const [written, read] = [jest.spyOn(Collection.prototype, 'bulkWrite'), jest.spyOn(Collection.prototype, 'find')];
      const people = view();
      const views = new MongoViewStore(lax);
      await views.apply(people, [row('a', 1n)], 1n);
      await views.find(people, { limit: 1 });
      const majority = { w: 'majority', j: true, wtimeout: expect.any(Number) };
      expect((written.mock.contexts as Asked[]).map((each) => each.writeConcern)).toMatchObject([majority, majority]);
      const asked = (read.mock.contexts as Asked[]).map((each) => [each.readConcern?.level, each.readPreference?.mode]);
      expect(asked).toEqual([['majority', 'primary']]);
      await lax.close();
    });

    it('keeps of a deleted row nothing but its position', async () => {
      const people = view();
      await store.apply(people, [row('a', 1n)], 1n);
      await store.apply(people, [{ key: 'a', position: 2n, value: undefined }], 2n);
      expect(await database.documents(`${people.name}@1`)).toEqual([{ _id: 'a', position: 2 }]);
    });

    it('passes over the stale ones of a batch that the server takes in pieces', async () => {
      const people = view();
      const keys = Array.from({ length: 1_500 }, (_, index) => `k${String(index).padStart(4, '0')}`);
      const stale = new Set(['k0000', 'k0007', 'k0999', 'k1000', 'k1499']);
      await store.apply(
        people,
        [...stale].map((key) => row(key, 9n)),
        1n,
      );
      await store.apply(
        people,
        keys.map((key) => row(key, 2n)),
        2n,
      );
      const found = await store.find(people, { limit: 2_000 });
      expect(found.map(({ key }) => key)).toEqual(keys);
      expect(found.filter(({ position }) => position === 9n).map(({ key }) => key)).toEqual([...stale]);
      expect(await store.load(people, keys)).toHaveLength(1_500);
    });

    it('lets a newer row win also over one that came into being just before it', async () => {
      const people = view();
      await store.prepare(people);
      // Of two upserts that both saw nothing there the server refuses the later insert, though its row be the newer.
      const rival = (_id: string, value?: string) =>
        async function (this: InstanceType<typeof Collection>) {
          const older = { _id: _id as never, position: 1n, value };
          await this.insertOne(older);
          return this.bulkWrite([{ insertOne: { document: older } }], { ordered: false });
        };
      jest
        .spyOn(Collection.prototype, 'bulkWrite')
        .mockImplementationOnce(rival('a', '{"v":"1"}'))
        .mockImplementationOnce(Collection.prototype.bulkWrite)
        .mockImplementationOnce(rival(`${people.name}@1`));
      await store.apply(people, [row('a', 2n)], 2n);
      expect(await store.get(people, 'a')).toMatchObject({ position: 2n, value: { v: '2' } });
      expect(await store.checkpoint(people)).toBe(2n);
    });

    it('takes no other duplicate for a stale row, and leaves the checkpoint where it was', async () => {
      const people = view();
      await store.apply(people, [row('a', 1n, 'same')], 1n);
      await (await database.raw()).collection(`${people.name}@1`).createIndex({ value: 1 }, { unique: true });
      const twice = [row('b', 2n, 'same'), row('a', 1n)];
      await expect(store.apply(people, twice, 2n)).rejects.toMatchObject({ code: 'store-unavailable' });
      expect(await store.checkpoint(people)).toBe(1n);
    });

    it('leaves the checkpoint where it was when the rows may not be there', async () => {
      const people = view();
      await store.apply(people, [row('a', 1n)], 1n);
      jest.spyOn(Collection.prototype, 'bulkWrite').mockRejectedValueOnce(new MongoNetworkError('cut'));
      await expect(store.apply(people, [row('a', 2n)], 2n)).rejects.toMatchObject({ code: 'store-unavailable' });
      expect(await store.checkpoint(people)).toBe(1n);
    });

    it('never leaves a view that says it is complete and is empty, wherever a drop breaks off', async () => {
      const people = view();
      await store.apply(people, [row('a', 1n)], 1n);
      jest.spyOn(Collection.prototype, 'drop').mockRejectedValueOnce(new MongoNetworkError('cut'));
      await expect(store.drop(people)).rejects.toMatchObject({ code: 'store-unavailable' });
      expect(await store.checkpoint(people)).toBeUndefined();
      expect(await store.get(people, 'a')).toBeDefined();
    });

    it('refuses names and fields that MongoDB could not keep apart', async () => {
      const long = { name: 'x'.repeat(200), version: 1 };
      await expect(store.get(long, 'a')).rejects.toThrow('too long');
      await expect(store.prepare({ ...view(), indexes: ['a.b'] })).rejects.toThrow('a.b can');
    });

    it('does not take a row for unavailable that is too large for MongoDB', async () => {
      const people = view();
      await store.apply(people, [row('a', 1n)], 1n);
      const large = store.apply(people, [row('a', 2n, 'x'.repeat(16 * 2 ** 20))], 2n);
      await expect(large).rejects.toThrow('larger than the maximum size');
      await expect(large).rejects.not.toHaveProperty('code', 'store-unavailable');
      expect(await store.checkpoint(people)).toBe(1n);
    });
  });
});
