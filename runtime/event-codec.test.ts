import { randomBytes, randomUUID } from 'node:crypto';
import { MemoryEventStore } from '../adapters/memory/memory-event-store.ts';
import { MemoryVault } from '../adapters/memory/memory-vault.ts';
import { allEvents } from '../contracts/events/all-events.ts';
import { erased, personalFields } from '../contracts/events/catalogue.ts';
import type { EventStore, NewEvent, RecordedEvent } from '../contracts/ports/event-store.ts';
import { collect } from '../test/support/collect.ts';
import { EventCodec } from './event-codec.ts';
import { EventLog, upcasting } from './event-log.ts';
import { PersonalData } from './personal-data.ts';

const userId = randomUUID();
const stream = `user-${userId}`;
const address = { addressKey: 'k', reservationId: randomUUID() };
const metadata = { actor: 'test', commandId: randomUUID(), correlationId: 'test' };
const event = (type: string, data: unknown): NewEvent => ({ id: randomUUID(), type, data, metadata });
const created = event('user.created', { email: 'ann@example.com', name: 'Ann', ...address });
const renamed = event('user.profile-changed', { name: 'Ann Lee' });

let rawStore: EventStore;
let log: EventLog;
let codec: EventCodec;
let personalData: PersonalData;
beforeEach(async () => {
  personalData = new PersonalData(new MemoryVault());
  await personalData.createKey(userId);
  codec = new EventCodec(randomBytes(32), personalData);
  rawStore = new MemoryEventStore();
  log = new EventLog(rawStore, codec);
});

/** Whether every event of the stream is the one that was written there. */
const intact = (events: readonly RecordedEvent[]) =>
  events.every((one, index) => codec.verifies(one, events[index - 1]?.metadata.mac ?? ''));

describe('personal fields', () => {
  it('are sealed in the store, open to who reads through the log, sealed to subscribers', async () => {
    await log.append(stream, 'none', [created, renamed]);
    const [stored] = await collect(rawStore.read(stream));
    expect(JSON.stringify(stored?.data)).not.toMatch(/ann/i);
    expect(stored?.data).toMatchObject(address);
    expect((await collect(log.read(stream))).map(({ data }) => data)).toEqual([created.data, renamed.data]);
    for await (const item of log.subscribe({ signal: AbortSignal.timeout(5_000) })) {
      if (item.type === 'caught-up') break;
      if (item.type === 'event') expect(JSON.stringify(item.event.data)).not.toMatch(/ann/i);
    }
  });

  it('read as erased once the key is destroyed, and are written as erased from then on', async () => {
    await log.append(stream, 'none', [created]);
    await personalData.destroyKey(userId);
    await log.append(stream, 0, [renamed]);
    const data = (await collect(log.read(stream))).map((one) => one.data);
    expect(data).toMatchObject([{ email: erased, name: erased, ...address }, { name: erased }]);
    expect((await collect(rawStore.read(stream)))[1]?.data).toEqual({ name: erased });
    expect(await personalData.createKey(userId)).toBe(false);
  });

  it('can’t be moved to another field or another user', async () => {
    const sealed = await personalData.seal(userId, 'name', 'Ann');
    await personalData.createKey('other');
    await expect(personalData.open(userId, 'email', sealed)).rejects.toThrow();
    await expect(personalData.open('other', 'name', sealed)).rejects.toThrow();
  });

  it('are only in events of users’ streams, whose name says whose they are', () => {
    const types = Object.entries(allEvents).filter(([, type]) => personalFields(type.schema).length > 0);
    expect(types.map(([name]) => name)).toEqual(['user.created', 'user.profile-changed', 'user.email-changed']);
  });
});

describe('the chain of a stream', () => {
  const written = async () => {
    await log.append(stream, 'none', [created, renamed]);
    await log.append(stream, 1, [event('user.profile-changed', { name: 'Bo' })]);
    return collect(rawStore.read(stream));
  };

  it('verifies what was written, also by a process that had not read it', async () => {
    await written();
    await new EventLog(rawStore, codec).append(stream, 2, [event('user.deleted', address)]);
    expect(intact(await collect(rawStore.read(stream)))).toBe(true);
  });

  it.each<[string, (events: RecordedEvent[]) => RecordedEvent[]]>([
    [
      'changed data',
      ([one, two, three]) => [{ ...one!, data: { ...(one!.data as object), addressKey: 'x' } }, two!, three!],
    ],
    ['another actor', ([one, ...rest]) => [{ ...one!, metadata: { ...one!.metadata, actor: 'mallory' } }, ...rest]],
    ['another type', ([one, two, three]) => [one!, two!, { ...three!, type: 'user.deleted' }]],
    ['events left out', ([one, , three]) => [one!, three!]],
    ['events exchanged', ([one, two, three]) => [one!, { ...three!, revision: 1 }, { ...two!, revision: 2 }]],
    ['an event of another stream', ([one, ...rest]) => [{ ...one!, stream: `user-${randomUUID()}` }, ...rest]],
  ])('shows %s', async (_, tamper) => {
    const events = await written();
    expect(intact(events)).toBe(true);
    expect(intact(tamper(events))).toBe(false);
  });

  it('goes on from the event that stands before, not from one that was read earlier', async () => {
    await log.append(stream, 'none', [created]);
    await collect(log.read(stream));
    await new EventLog(rawStore, codec).append(stream, 0, [renamed]);
    await log.append(stream, 1, [event('user.deleted', address)]);
    const events = await collect(rawStore.read(stream));
    expect([events.length, intact(events)]).toEqual([3, true]);
  });

  it('goes on from what the first writer stored when an append was a repeat', async () => {
    await new EventLog(rawStore, codec).append(stream, 'none', [created]);
    await log.append(stream, 'none', [created]);
    await log.append(stream, 0, [renamed]);
    const events = await collect(rawStore.read(stream));
    expect([events.length, intact(events)]).toEqual([2, true]);
  });

  it('leaves ticks out, of which there are many', async () => {
    const tick = { source: 'binance', symbol: 'BTCUSDT', price: '1', timeMs: 1, origin: 'poll' };
    await log.append('ticks-binance-BTCUSDT-2026-01-01', 'none', [event('price.ticked', tick)]);
    expect((await rawStore.readLast('ticks-binance-BTCUSDT-2026-01-01'))?.metadata.mac).toBeUndefined();
  });
});

it('refuses data that is not what the type’s schema says, and types that nobody knows', async () => {
  await expect(log.append(stream, 'none', [event('user.created', { name: 'Ann' })])).rejects.toThrow();
  await expect(log.append(stream, 'none', [event('user.vanished', {})])).rejects.toThrow('user.vanished');
  expect(await rawStore.readLast(stream)).toBeUndefined();
});

describe('an older version of a type', () => {
  /** As version 1 stored it. */
  const sample = {
    id: '0b8b5a3e-6f0e-4c0a-8f43-0f3d6a5a7c11',
    type: 'candle.closed',
    data: {
      source: 'binance',
      symbol: 'BTCUSDT',
      openTimeMs: 1709596800000,
      open: '68245.71',
      high: '68245.72',
      low: '68086.78',
      close: '68157.84',
      volume: '80.9539',
    },
    metadata: { ...metadata, schemaVersion: 1 },
  };
  const candles = 'candles-binance-BTCUSDT-2024-03-05';
  beforeEach(() => rawStore.append(candles, 'none', [sample]));

  it('reads as the current one, everywhere', async () => {
    const current = { ...sample.data, backfilled: false };
    expect((await collect(log.read(candles)))[0]?.data).toEqual(current);
    expect((await log.readLast(candles))?.data).toEqual(current);
    expect((await collect(upcasting(rawStore).read(candles)))[0]?.data).toEqual(current);
    for await (const item of log.subscribe({ signal: AbortSignal.timeout(5_000) })) {
      if (item.type === 'caught-up') break;
      if (item.type === 'event') expect(item.event.data).toEqual(current);
    }
  });

  it('stays as it is in the store, and is written in the current version from now on', async () => {
    await log.append(candles, 0, [
      event('candle.closed', { ...sample.data, openTimeMs: 1709596860000, backfilled: true }),
    ]);
    const stored = await collect(rawStore.read(candles));
    expect(stored.map((one) => one.metadata.schemaVersion)).toEqual([1, 2]);
    expect(stored[0]?.data).toEqual(sample.data);
  });
});

it('reads a stream again as it is, whoever appended to it meanwhile', async () => {
  const other = new EventLog(rawStore, codec);
  await log.append(stream, 'none', [created]);
  await collect(log.read(stream));
  await other.append(stream, 0, [renamed]);
  const again = await collect(log.read(stream));
  expect(again.map(({ revision, data }) => [revision, data])).toEqual([
    [0, created.data],
    [1, renamed.data],
  ]);
  expect((await collect(log.read(stream, 1))).map(({ revision }) => revision)).toEqual([1]);
  await log.append(stream, 1, [event('user.deleted', address)]);
  expect(await collect(log.read(stream))).toHaveLength(3);
  expect(intact(await collect(rawStore.read(stream)))).toBe(true);
});

it('forgets at once what it remembers of a deleted user', async () => {
  await log.append(stream, 'none', [created]);
  await collect(log.read(stream));
  await log.append(stream, 0, [event('user.deleted', address)]);
  await personalData.destroyKey(userId);
  expect((await collect(log.read(stream)))[0]?.data).toMatchObject({ email: erased, name: erased });
});
