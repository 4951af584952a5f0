import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import mongoose from 'mongoose';
import { connectMongo, type MongoConnection } from '../../adapters/mongodb/mongo-connection.ts';
import { MongoVault } from '../../adapters/mongodb/mongo-vault.ts';
import { MongoViewStore } from '../../adapters/mongodb/mongo-view-store.ts';
import { withBackend } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { type MongoDatabase, temporaryDatabase } from '../support/mongo-database.ts';
import { recordingLog } from '../support/recording-log.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const deadlineMs = 500;
/** For a busy machine to notice that the deadline is over. */
const graceMs = 400;

it('refuses a URL that can’t be one, without showing it', () => {
  const connect = () => connectMongo({ url: 'mongodb://ann:rosebud@:/x', log: recordingLog() });
  expect(connect).toThrow('not valid');
  expect(connect).not.toThrow('rosebud');
});

it('takes the database that it is given, else the URL’s, else tidemark', async () => {
  const of = async (url: string, database?: string) => {
    const connection = connectMongo({ url, database, log: recordingLog() });
    await connection.close();
    return connection.database;
  };
  expect(await of('mongodb://a:1,b:2/shop?w=1', 'given')).toBe('given');
  expect(await of('mongodb://ann:p%2Fw@a:1,b:2/shop%20one?w=1')).toBe('shop one');
  expect(await of('mongodb://a:1/?w=1')).toBe('tidemark');
  expect(await of('mongodb://a')).toBe('tidemark');
});

withBackend('MONGO_URL', (url) => {
  const people = { name: 'people', version: 1, indexes: ['name'] };
  const log = recordingLog();
  let database: MongoDatabase;
  let network: TcpProxy;
  let connection: MongoConnection;
  let views: MongoViewStore;
  let vault: MongoVault;

  beforeEach(async () => {
    const server = new URL(url);
    database = temporaryDatabase(url);
    network = await startTcpProxy({ target: `${server.hostname}:${server.port || 27_017}` });
    server.host = network.address;
    server.searchParams.set('directConnection', 'true');
    connection = connectMongo({ url: server.href, database: database.name, log, deadlineMs });
    views = new MongoViewStore(connection);
    vault = new MongoVault(connection);
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await network.resume();
    await connection.close();
    await network.close();
    await database.remove();
  });

  /** One of everything that a caller may ask for. */
  const requests = () => [
    () => connection.ping(),
    () => views.prepare(people),
    () => views.get(people, 'a'),
    () => views.find(people, { limit: 9 }),
    () => views.load(people, ['a']),
    () => views.apply(people, [{ key: 'a', position: 1n, value: { name: 'Ann' } }], 1n),
    () => views.checkpoint(people),
    () => views.purge(people, 'a'),
    () => views.drop({ ...people, version: 2 }),
    () => vault.get('things', 'a'),
    () => vault.insert('things', randomUUID(), 1),
    () => vault.replace('things', 'a', 0, 1),
    () => vault.remove('things', 'a'),
    () => vault.removeSubject('a'),
    () => vault.list('things', new Date(), 9),
    () => vault.sweep(),
  ];

  const endsInTime = async (request: () => Promise<unknown>) => {
    const began = performance.now();
    await expect(request()).rejects.toMatchObject({ code: 'store-unavailable' });
    expect(performance.now() - began).toBeLessThan(deadlineMs + graceMs);
  };

  const answers = () =>
    eventually(async () => {
      const id = randomUUID();
      return (await vault.insert('things', id, 1)) && (await vault.get('things', id))?.value === 1;
    });

  it('fails in time while the server is gone from the start, and needs no hand when it comes', async () => {
    await network.refuse();
    await Promise.all(requests().map(endsInTime));
    await endsInTime(() => connection.ping());
    await network.resume();
    await answers();
  });

  it('fails in time while the server has stopped before the first request, and goes on with it', async () => {
    network.pause();
    await Promise.all(requests().map(endsInTime));
    await network.resume();
    await answers();
  });

  it('fails in time while the server is gone, and goes on with it', async () => {
    await answers();
    await network.refuse();
    for (let again = 0; again < 3; again++) await Promise.all(requests().map(endsInTime));
    await network.resume();
    await answers();
  });

  it('fails in time while the server has stopped, and goes on with it', async () => {
    await answers();
    network.pause();
    for (let again = 0; again < 3; again++) await Promise.all(requests().map(endsInTime));
    await network.resume();
    await answers();
  });

  it('gets over connections that were cut, or lead nowhere any more', async () => {
    await answers();
    network.cut();
    await answers();
    network.strand();
    await answers();
  });

  it('opens no more connections than it has sockets for, however much is asked at once', async () => {
    network.latencyMs = 5;
    await Promise.allSettled(Array.from({ length: 300 }, () => connection.ping()));
    // Two more watch the server.
    expect(network.connections).toBeLessThanOrEqual(22);
  });

  it('never sends later what found no socket in time', async () => {
    await answers();
    const before = (await database.documents('records')).length;
    network.pause();
    await Promise.all(Array.from({ length: 100 }, () => endsInTime(() => vault.insert('things', randomUUID(), 1))));
    await network.resume();
    await answers();
    // Those that had a socket may have been done, and one more for every time that it was asked whether it answers.
    expect((await database.documents('records')).length - before).toBeLessThan(50);
  });

  it('never sends later what found no server in time', async () => {
    await answers();
    await network.refuse();
    await endsInTime(() => connection.ping());
    await endsInTime(() => vault.insert('late', randomUUID(), 1));
    await network.resume();
    await answers();
    expect(await vault.list('late', new Date(Date.now() + 60_000), 9)).toEqual([]);
  });

  it('never sends what connecting left no time for', async () => {
    let connect: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      connect = resolve;
    });
    const { openUri } = mongoose.Connection.prototype;
    jest.spyOn(mongoose.Connection.prototype, 'openUri').mockImplementationOnce(async function (
      this: mongoose.Connection,
      ...given
    ) {
      await held;
      return openUri.apply(this, given);
    });
    await endsInTime(() => views.apply({ name: 'late', version: 1 }, [{ key: 'a', position: 1n, value: {} }], 1n));
    connect();
    await answers();
    expect(await database.documents('late@1')).toEqual([]);
  });

  it('says once that the server does not answer, and once that it does', async () => {
    const about = () => log.lines.filter(({ fields }) => fields.database === database.name).map(({ level }) => level);
    await answers();
    expect(about()).toEqual([]);
    await network.refuse();
    for (let again = 0; again < 3; again++) await endsInTime(() => vault.get('things', 'a'));
    expect(about()).toEqual(['warn']);
    await network.resume();
    await answers();
    expect(about()).toEqual(['warn', 'info']);
  });

  it('closes in time, whatever the server does, and answers nobody afterwards', async () => {
    await answers();
    network.pause();
    const underWay = expect(vault.get('things', 'a')).rejects.toMatchObject({ code: 'store-unavailable' });
    const began = performance.now();
    await connection.close();
    await connection.close();
    expect(performance.now() - began).toBeLessThan(deadlineMs + graceMs);
    await underWay;
    await network.resume();
    for (const request of requests()) await expect(request()).rejects.toMatchObject({ detail: 'it is closed' });
  });

  it('closes in time while it connects', async () => {
    network.pause();
    const underWay = expect(connection.ping()).rejects.toMatchObject({ code: 'store-unavailable' });
    const began = performance.now();
    await connection.close();
    expect(performance.now() - began).toBeLessThan(deadlineMs + graceMs);
    await underWay;
  });
});
