import { MemoryEventStore } from '../../adapters/memory/memory-event-store.ts';
import { DomainError } from '../../contracts/errors.ts';
import type { ExpectedRevision, NewEvent } from '../../contracts/ports/event-store.ts';
import { collect } from '../../test/support/collect.ts';
import { PriceRecorder } from './price-recorder.ts';

const ticks = 'ticks-binance-BTCUSDT-2024-03-05';
const candles = 'candles-binance-BTCUSDT-2024-03-05';
const start = Date.UTC(2024, 2, 5);
const price = (timeMs: number, price = '1.5') => ({ symbol: 'BTCUSDT', price, timeMs: start + timeMs });
const kline = (minute: number) => ({
  ...{ symbol: 'BTCUSDT', openTimeMs: start + minute * 60_000 },
  ...{ open: '1', high: '1', low: '1', close: '1', volume: '1' },
});
const openTimes = async (store: MemoryEventStore, stream = candles) =>
  (await collect(store.read(stream))).map(({ data }) => ((data as { openTimeMs: number }).openTimeMs - start) / 60_000);

/** Counts reads and appends, and fails those that it is told to, before or after they are done. */
class Troubled extends MemoryEventStore {
  reads = 0;
  appends = 0;
  fail: ('before' | 'after')[] = [];
  override read(...from: Parameters<MemoryEventStore['read']>) {
    this.reads++;
    return super.read(...from);
  }
  override async append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]) {
    this.appends++;
    const when = this.fail.shift();
    if (when === 'before') throw new DomainError('store-unavailable');
    const result = await super.append(stream, expected, events);
    if (when === 'after') throw new DomainError('store-unavailable');
    return result;
  }
}

it('records a tick with its market, in the stream of its day', async () => {
  const store = new MemoryEventStore();
  const recorder = new PriceRecorder(store, 'binance');
  expect(await recorder.tick(price(0), 'poll', 60_000)).toBe(true);
  expect(await recorder.tick(price(1), 'poll', 60_000)).toBe(false);
  expect(await recorder.tick(price(-1), 'poll', 60_000)).toBe(true);
  expect(await collect(store.read(ticks))).toMatchObject([
    {
      type: 'price.ticked',
      data: { source: 'binance', symbol: 'BTCUSDT', price: '1.5', timeMs: start, origin: 'poll' },
      metadata: { actor: 'ingest' },
    },
  ]);
  expect(await store.readLast('ticks-binance-BTCUSDT-2024-03-04')).toMatchObject({ data: { timeMs: start - 1 } });
});

it('gives an event the same id whoever records it', async () => {
  const ids = [];
  for (const _ of ['one process', 'another']) {
    const store = new MemoryEventStore();
    const recorder = new PriceRecorder(store, 'binance');
    await recorder.tick(price(0), 'stream', 1_000);
    await recorder.tick(price(1_000, '2'), 'stream', 1_000);
    await recorder.candles([kline(0)], true);
    ids.push([...(await collect(store.read(ticks))), ...(await collect(store.read(candles)))].map(({ id }) => id));
  }
  expect(ids[0]).toEqual(ids[1]);
  expect(new Set(ids[0]).size).toBe(3);
});

it('goes on where another process stopped, and beside another', async () => {
  const store = new MemoryEventStore();
  const [one, two] = [new PriceRecorder(store, 'binance'), new PriceRecorder(store, 'binance')];
  await one.candles([kline(0), kline(1)], false);
  expect(await two.candles([kline(1), kline(2)], false)).toBe(1);
  await one.candles([kline(3), kline(2)], false);
  expect((await openTimes(store)).sort()).toEqual([0, 1, 2, 3]);
  await one.tick(price(0), 'poll', 60_000);
  expect(await two.tick(price(5), 'poll', 60_000)).toBe(false);
});

it('records each minute once, of many writers at once', async () => {
  const store = new MemoryEventStore();
  const klines = Array.from({ length: 50 }, (_, minute) => kline(minute));
  await Promise.all([1, 2, 3].map(() => new PriceRecorder(store, 'binance').candles(klines, false)));
  expect(await openTimes(store)).toEqual(klines.map((_, minute) => minute));
});

it('appends together what is at hand', async () => {
  const store = new Troubled();
  const klines = Array.from({ length: 400 }, (_, minute) => kline(minute));
  expect(await new PriceRecorder(store, 'binance').candles(klines, true)).toBe(400);
  expect(store.appends).toBeLessThanOrEqual(2);
});

it('keeps the streams of two days in memory, not all that it has seen', async () => {
  const store = new Troubled();
  const recorder = new PriceRecorder(store, 'binance', 1);
  const day = 1_440;
  for (const minute of [0, day]) await recorder.candles([kline(minute)], false);
  expect(store.reads).toBe(2);
  for (const minute of [1, day + 1]) await recorder.candles([kline(minute)], false);
  expect(store.reads).toBe(2);
  for (let days = 2; days < 10; days++) await recorder.candles([kline(days * day)], false);
  expect(store.reads).toBe(10);
  expect(await recorder.candles([kline(0), kline(2)], false)).toBe(1);
  expect(store.reads).toBe(11);
});

it.each(['before', 'after'] as const)('can be asked again when the store failed %s writing', async (when) => {
  const store = new Troubled();
  const recorder = new PriceRecorder(store, 'binance');
  await recorder.candles([kline(0)], false);
  store.fail = [when];
  await expect(recorder.candles([kline(1)], false)).rejects.toMatchObject({ code: 'store-unavailable' });
  await recorder.candles([kline(1)], false);
  await recorder.candles([kline(2)], false);
  expect(await openTimes(store)).toEqual([0, 1, 2]);
});
