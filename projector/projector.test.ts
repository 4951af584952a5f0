import { randomUUID } from 'node:crypto';
import { InProcessBus } from '../adapters/memory/in-process-bus.ts';
import { MemoryCache } from '../adapters/memory/memory-cache.ts';
import { MemoryEventStore } from '../adapters/memory/memory-event-store.ts';
import { MemoryViewStore } from '../adapters/memory/memory-view-store.ts';
import { DomainError } from '../contracts/errors.ts';
import { tickStream } from '../contracts/events/price-events.ts';
import { userStream } from '../contracts/events/stream-names.ts';
import type { DeliveredMessage } from '../contracts/ports/bus.ts';
import { allTopics } from '../contracts/topics.ts';
import { ViewProgress } from '../runtime/view-progress.ts';
import { appendPast } from '../test/support/append-past.ts';
import { eventually } from '../test/support/eventually.ts';
import { recordingLog } from '../test/support/recording-log.ts';
import { priceCacheKey } from './prices/latest-price.projection.ts';
import { type Projector, type ProjectorOptions, startProjector } from './projector.ts';
import { userProfiles } from './users/user-profile.projection.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const parts = () => ({
  events: new MemoryEventStore(),
  views: new MemoryViewStore(),
  cache: new MemoryCache(),
  bus: new InProcessBus({ redeliveryMs: 5 }),
  log: recordingLog(),
  priceTtlSeconds: 60,
});
const start = (options: ProjectorOptions): Projector => {
  const projector = startProjector(options);
  stops.push(projector.stop);
  return projector;
};
const listen = (bus: InProcessBus, handle: (message: DeliveredMessage) => Promise<void>) => {
  const stopping = new AbortController();
  const ended = bus.consume({ topics: allTopics, group: 'test', from: 'earliest', signal: stopping.signal }, handle);
  stops.push(async () => {
    stopping.abort();
    await ended;
  });
};

const userId = randomUUID();
const stream = userStream(userId);
const address = { addressKey: 'k', reservationId: randomUUID() };
const created = { stream, type: 'user.created', data: { email: 'sealed-e', name: 'sealed-n', ...address } };
const renamed = (name: string) => ({ stream, type: 'user.profile-changed', data: { name } });

it('makes the views, and tells of a change only when it can be read', async () => {
  const all = parts();
  const apply = all.views.apply.bind(all.views);
  all.views.apply = async (view, ...to) => {
    if (view.name === userProfiles.name) await new Promise((resolve) => setTimeout(resolve, 5));
    await apply(view, ...to);
  };
  const readAt: (number | undefined)[] = [];
  listen(all.bus, async ({ value }) => {
    const row = await all.views.get(userProfiles, JSON.parse(value).subject);
    readAt.push(Number(row?.position) - Number(JSON.parse(value).position));
  });
  start(all);
  await appendPast(all.events, [created, ...Array.from({ length: 50 }, (_, index) => renamed(`sealed-${index}`))]);
  await eventually(() => readAt.length >= 51);
  expect(readAt.every((ahead) => ahead! >= 0)).toBe(true);
});

it('takes prices to view, cache and bus', async () => {
  const all = parts();
  const heard: string[] = [];
  listen(all.bus, async ({ topic, headers }) => {
    heard.push(`${topic} ${headers.ce_subject}`);
  });
  start(all);
  const timeMs = Date.now();
  const data = { source: 'binance', symbol: 'BTCUSDT', price: '1.10', timeMs, origin: 'poll' };
  await appendPast(all.events, [{ stream: tickStream('binance', 'BTCUSDT', timeMs), type: 'price.ticked', data }]);
  await eventually(() => heard.includes('prices binance/BTCUSDT'));
  const entry = await all.cache.get(priceCacheKey('BTCUSDT', 'binance'));
  expect(JSON.parse(entry!.value)).toMatchObject({ price: '1.10' });
});

it('says how far each view is, and lets a reader wait for it', async () => {
  const all = parts();
  const projector = start({ ...all, progress: new ViewProgress(all.views, { pollMs: 60_000 }) });
  await appendPast(all.events, [created]);
  expect(await projector.progress.waitUntil(userProfiles, await all.events.head(), { timeoutMs: 10_000 })).toBe(
    userProfiles,
  );
  expect((await all.views.get(userProfiles, userId))?.value).toMatchObject({ name: 'sealed-n' });
  await eventually(() => projector.statuses().every(({ caughtUp, checkpoint }) => caughtUp && checkpoint === 1n));
  expect(projector.statuses().map(({ name }) => name)).toEqual([
    'user-profiles',
    'notices',
    'latest-prices',
    'candles',
  ]);
});

it('goes on when the view store comes back', async () => {
  const all = parts();
  const apply = all.views.apply.bind(all.views);
  let away = true;
  all.views.apply = async (...to) => {
    if (away) throw new DomainError('store-unavailable');
    await apply(...to);
  };
  const projector = start(all);
  await appendPast(all.events, [created]);
  await eventually(() => projector.statuses().every(({ failures }) => failures > 0));
  expect(projector.statuses().some(({ caughtUp }) => caughtUp)).toBe(false);
  away = false;
  await eventually(() => projector.statuses().every(({ caughtUp, failures }) => caughtUp && failures === 0));
  expect(await all.views.get(userProfiles, userId)).toBeDefined();
});

it('frees a parked key by the name of its view, and knows its views', async () => {
  const all = parts();
  const projector = start(all);
  // Later than any date can be.
  const data = { source: 'binance', symbol: 'BTCUSDT', price: '1.10', timeMs: 9e15, origin: 'poll' };
  await appendPast(all.events, [created, { stream: tickStream('binance', 'BTCUSDT', 0), type: 'price.ticked', data }]);
  await eventually(() => projector.statuses().find(({ name }) => name === 'latest-prices')?.parked === 1);
  const [parked] = await all.views.find({ name: 'parked-keys', version: 1 }, { from: 'latest-prices', limit: 9 });
  expect(parked).toMatchObject({ key: 'latest-prices@1/BTCUSDT/binance', value: { position: '2' } });
  expect(await projector.retryParked('latest-prices', 'BTCUSDT/binance')).toBe(false);
  await expect(projector.retryParked('nothing', 'a')).rejects.toThrow('no view');
});

it('ends all that it started when it is stopped, at any moment', async () => {
  for (let turns = 0; turns < 5; turns++) {
    const all = parts();
    const projector = startProjector(all);
    const appending = appendPast(all.events, [created, renamed('sealed-x')]);
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
    await projector.stop();
    await appending;
    const checkpoint = await all.views.checkpoint(userProfiles);
    await appendPast(all.events, [renamed('sealed-y')]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await all.views.checkpoint(userProfiles)).toBe(checkpoint);
  }
});
