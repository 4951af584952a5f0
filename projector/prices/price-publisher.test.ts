import { InProcessBus } from '../../adapters/memory/in-process-bus.ts';
import { MemoryCache } from '../../adapters/memory/memory-cache.ts';
import { MemoryViewStore } from '../../adapters/memory/memory-view-store.ts';
import { DomainError } from '../../contracts/errors.ts';
import type { Message } from '../../contracts/ports/bus.ts';
import type { Position } from '../../contracts/ports/event-store.ts';
import { Notice } from '../../contracts/sockets/notices.ts';
import { pricesTopic } from '../../contracts/topics.ts';
import { eventually } from '../../test/support/eventually.ts';
import { recordingLog } from '../../test/support/recording-log.ts';
import { latestPrices, priceCacheKey } from './latest-price.projection.ts';
import { PricePublisher, type PricePublisherOptions } from './price-publisher.ts';

const rowOf = (price: string, position: Position, symbol = 'BTCUSDT') => ({
  key: `${symbol}/binance`,
  position,
  value: { symbol, source: 'binance', price, asOf: '2026-01-01T12:00:00.000Z' },
});
const key = priceCacheKey('BTCUSDT', 'binance');

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const setUp = (options: Partial<PricePublisherOptions> = {}) => {
  const [views, cache, bus, log] = [new MemoryViewStore(), new MemoryCache(), new InProcessBus(), recordingLog()];
  const published: Message[] = [];
  const publish = bus.publish.bind(bus);
  bus.publish = async (topic, messages) => {
    expect(topic).toBe(pricesTopic);
    published.push(...messages);
    await publish(topic, messages);
  };
  const publisher = new PricePublisher({ views, cache, bus, log, ttlSeconds: 60, ...options });
  const run = () => {
    const stopping = new AbortController();
    const ended = publisher.run(stopping.signal);
    stops.push(() => {
      stopping.abort();
      return ended;
    });
  };
  return { views, cache, bus, log, published, publisher, run };
};
const cached = async (cache: MemoryCache) => {
  const entry = await cache.get(key);
  return entry && { price: JSON.parse(entry.value).price, position: entry.position };
};

it('takes a changed price to the cache, and the news of it to the bus', async () => {
  const { cache, published, publisher, run } = setUp();
  run();
  const row = rowOf('1.10', 7n);
  publisher.changed([row], true);
  await eventually(() => published.length === 1);
  expect(await cache.get(key)).toEqual({ value: JSON.stringify(row.value), position: 7n });
  const [message] = published;
  const notice = Notice.strict().parse(JSON.parse(message!.value));
  expect(notice).toMatchObject({
    type: 'price.updated',
    subject: 'binance/BTCUSDT',
    position: '7',
    time: row.value.asOf,
  });
  expect(message).toMatchObject({
    key: 'BTCUSDT',
    headers: { ce_type: 'price.updated', ce_subject: 'binance/BTCUSDT' },
  });
  publisher.changed([row], true);
  await eventually(() => published.length === 2);
  expect(published[1]).toEqual(message);
});

it('keeps the prices of a rebuild back, and sends the latest of each when it has caught up', async () => {
  const { cache, published, publisher, run } = setUp();
  run();
  publisher.changed([rowOf('1', 1n), rowOf('5', 2n, 'ETHUSDT')], false);
  publisher.changed([rowOf('2', 3n)], false);
  await new Promise((resolve) => setImmediate(resolve));
  expect([published.length, await cached(cache)]).toEqual([0, undefined]);
  publisher.changed([], true);
  await eventually(() => published.length === 2);
  expect(published.map(({ key: symbol }) => symbol).sort()).toEqual(['BTCUSDT', 'ETHUSDT']);
  expect(await cached(cache)).toEqual({ price: '2', position: 3n });
});

it('never waits for the bus: only the latest of each symbol waits', async () => {
  const { bus, cache, publisher, run } = setUp();
  let release: () => void = () => undefined;
  const sent: string[][] = [];
  bus.publish = (_, messages) => {
    sent.push(messages.map(({ value }) => JSON.parse(value).position));
    return new Promise((resolve) => {
      release = resolve;
    });
  };
  run();
  publisher.changed([rowOf('1', 1n)], true);
  await eventually(() => sent.length === 1);
  for (let position = 2n; position <= 100n; position++) publisher.changed([rowOf(`${position}`, position)], true);
  release();
  await eventually(() => sent.length === 2);
  release();
  expect(sent).toEqual([['1'], ['100']]);
  expect(await cached(cache)).toEqual({ price: '100', position: 100n });
});

it('drops what fails, and sends what comes next', async () => {
  const { bus, log, published, publisher, run } = setUp();
  const { publish } = bus;
  bus.publish = () => Promise.reject(new DomainError('bus-unavailable'));
  run();
  publisher.changed([rowOf('1', 1n)], true);
  await eventually(() => log.lines.length === 1);
  bus.publish = publish;
  publisher.changed([rowOf('2', 2n)], true);
  await eventually(() => published.length === 1);
  expect(JSON.parse(published[0]!.value).position).toBe('2');
});

it('fills the cache when it starts, without undoing what is newer', async () => {
  const { views, cache, published, run } = setUp();
  await views.apply(latestPrices, [rowOf('1', 5n), rowOf('9', 6n, 'ETHUSDT')], 6n);
  await cache.putIfNewer(priceCacheKey('ETHUSDT', 'binance'), { value: 'newer', position: 8n }, 60);
  run();
  await eventually(async () => (await cached(cache))?.price === '1');
  expect(await cache.get(priceCacheKey('ETHUSDT', 'binance'))).toEqual({ value: 'newer', position: 8n });
  expect(published).toEqual([]);
});

describe('a version that is not read', () => {
  const second = { ...latestPrices, version: 2, previous: latestPrices };
  const secondKey = priceCacheKey('BTCUSDT', 'binance', second);

  it('goes to a place of its own in the cache, and not to the bus before it is read', async () => {
    let serving = false;
    const { cache, published, publisher, run } = setUp({ view: second, serving: () => serving });
    run();
    publisher.changed([rowOf('1', 1n), rowOf('2', 2n)], true);
    await eventually(async () => (await cache.get(secondKey))?.position === 2n);
    publisher.changed([rowOf('3', 3n), rowOf('9', 4n, 'ETHUSDT')], true);
    await eventually(async () => (await cache.get(secondKey))?.position === 3n);
    expect([published, await cached(cache)]).toEqual([[], undefined]);
    // Nobody says so: it looks by itself, since the version before may have told nobody of the last ones.
    serving = true;
    await eventually(() => published.length === 2);
    expect(published.map(({ value }) => JSON.parse(value).position)).toEqual(['3', '4']);
    serving = false;
    publisher.changed([rowOf('5', 5n)], true);
    await eventually(async () => (await cache.get(secondKey))?.position === 5n);
    expect(published).toHaveLength(2);
  });

  it('does not fill the cache with what it has as it begins: that may be old', async () => {
    const { views, cache, publisher, run } = setUp({ view: second, serving: () => false });
    await views.apply(second, [rowOf('1', 1n), rowOf('9', 2n, 'ETHUSDT')], 2n);
    run();
    publisher.changed([rowOf('3', 3n)], true);
    await eventually(async () => (await cache.get(secondKey))?.position === 3n);
    expect(await cache.get(priceCacheKey('ETHUSDT', 'binance', second))).toBeUndefined();
  });
});
