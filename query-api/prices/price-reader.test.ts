import { MemoryCache } from '../../adapters/memory/memory-cache.ts';
import { MemoryViewStore } from '../../adapters/memory/memory-view-store.ts';
import { latestPriceKey, latestPrices, priceCacheKey } from '../../projector/prices/latest-price.projection.ts';
import { ServedViews } from '../../runtime/served-views.ts';
import { ViewProgress } from '../../runtime/view-progress.ts';
import { asking } from '../../test/support/asking.ts';
import { priceRoutes } from './price.routes.ts';
import { PriceReader } from './price-reader.ts';

const start = Date.parse('2026-01-05T10:00:00.000Z');

const arrange = () => {
  const [views, cache, { endpoint, ask }] = [new MemoryViewStore(), new MemoryCache(), asking()];
  const clock = { now: start };
  const lookups: string[] = [];
  const served = new ServedViews(views);
  const prices = new PriceReader({
    ...{
      views,
      cache,
      progress: new ViewProgress(views, { served }),
      symbols: ['BTCUSDT', 'ETHUSDT'],
      source: 'binance',
    },
    staleAfterMs: 150_000,
    onLookup: (found) => lookups.push(found),
    now: () => clock.now,
  });
  priceRoutes(endpoint, prices);
  const row = (price: string, source = 'binance', symbol = 'BTCUSDT') => ({
    ...{ symbol, source, price },
    asOf: new Date(start).toISOString(),
  });
  /** The view's next answer about the symbol, as it is now, comes when it is released. */
  const holdBack = (held = 'BTCUSDT') => {
    const get = views.get.bind(views);
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const asked = new Promise<void>((tell) => {
      views.get = async (view, key) => {
        const found = await get(view, key);
        if (key !== latestPriceKey(held, 'binance')) return found;
        views.get = get;
        tell();
        await released;
        return found;
      };
    });
    return { asked, release };
  };
  return {
    ...{ views, cache, served, prices, clock, lookups, ask, row, holdBack },
    toView: (price: string, position: bigint, source?: string, symbol = 'BTCUSDT') =>
      views.apply(
        latestPrices,
        [{ key: latestPriceKey(symbol, source ?? 'binance'), position, value: row(price, source, symbol) }],
        position,
      ),
    toCache: (price: string, position: bigint) =>
      cache.putIfNewer(priceCacheKey('BTCUSDT', 'binance'), { value: JSON.stringify(row(price)), position }, 60),
    price: async (minimum?: bigint) => (await prices.read('BTCUSDT', minimum)).value.price,
  };
};

it('looks in memory, then the cache, then the view, and fills those before', async () => {
  const { toView, price, lookups, clock } = arrange();
  await toView('1.50', 1n);
  expect(await price()).toBe('1.50');
  expect(await price()).toBe('1.50');
  clock.now += 1_001;
  expect(await price()).toBe('1.50');
  expect(lookups).toEqual(['view', 'memory', 'cache']);
});

it('sees another process’s write within a second, and at once when it is announced', async () => {
  const { toView, toCache, price, prices, clock } = arrange();
  await toView('1', 1n);
  await price();
  await toCache('2', 2n);
  expect(await price()).toBe('1');
  clock.now += 1_000;
  expect(await price()).toBe('2');
  await toView('3', 3n);
  prices.announce('BTCUSDT', 3n);
  // The cache has not heard of it.
  expect(await price()).toBe('3');
  prices.announce('BTCUSDT', 2n);
  expect(await price()).toBe('3');
});

it('never goes back to an older price that the cache still has', async () => {
  const { toView, price, prices, clock, cache } = arrange();
  await toView('2', 2n);
  await price();
  cache.get = async () => ({
    value: JSON.stringify({ symbol: 'BTCUSDT', source: 'binance', price: '1', asOf: '' }),
    position: 1n,
  });
  clock.now += 2_000;
  expect(await price()).toBe('2');
  expect((await prices.readAll()).bytes).toContain('"price":"2"');
});

it('says from which moment on a price is stale, also from memory', async () => {
  const { toView, prices, clock, ask } = arrange();
  await toView('1', 1n);
  clock.now = start + 149_800;
  expect((await prices.read('BTCUSDT')).value.stale).toBe(false);
  expect((await ask('listPrices')).body.items[0].stale).toBe(false);
  clock.now = start + 150_000;
  expect((await prices.read('BTCUSDT')).value.stale).toBe(false);
  clock.now = start + 150_001;
  expect((await prices.read('BTCUSDT')).value.stale).toBe(true);
  expect((await ask('listPrices')).body.items[0].stale).toBe(true);
});

it('passes over what is older than the reader has seen, and waits for the view', async () => {
  const { toView, price, lookups } = arrange();
  await toView('1', 1n);
  await price();
  const waiting = price(5n);
  await toView('5', 5n);
  expect(await waiting).toBe('5');
  expect(await price(5n)).toBe('5');
  expect(lookups).toEqual(['view', 'view', 'memory']);
  await expect(price(6n)).rejects.toMatchObject({ code: 'view-behind' });
});

it('asks once for all who ask at the same time', async () => {
  const { toView, price, lookups } = arrange();
  await toView('1', 1n);
  await Promise.all(Array.from({ length: 50 }, () => price()));
  expect(lookups).toEqual(['view']);
});

it('gives nobody who asks behind an announcement what was looked up before it', async () => {
  const { toView, price, prices, holdBack, lookups } = arrange();
  await toView('1', 1n);
  const { asked, release } = holdBack();
  const early = price();
  await asked;
  await toView('2', 2n);
  prices.announce('BTCUSDT', 2n);
  expect(await price()).toBe('2');
  release();
  expect(await early).toBe('1');
  // The one who came late has not put it back.
  expect(await price()).toBe('2');
  expect(lookups.at(-1)).toBe('memory');
});

it('asks once also while one from before an announcement ends', async () => {
  const { toView, price, prices, holdBack, lookups } = arrange();
  await toView('1', 1n);
  const first = holdBack();
  const early = price();
  await first.asked;
  await toView('2', 2n);
  prices.announce('BTCUSDT', 2n);
  const second = holdBack();
  const late = price();
  await second.asked;
  first.release();
  await early;
  const later = price();
  second.release();
  expect([await late, await later]).toEqual(['2', '2']);
  expect(lookups).toEqual(['view', 'view']);
});

it('keeps no list that lacks an announced price', async () => {
  const { toView, prices, holdBack } = arrange();
  await toView('1', 1n);
  await toView('10', 2n, 'binance', 'ETHUSDT');
  const { asked, release } = holdBack('ETHUSDT');
  const listing = prices.readAll();
  await asked;
  await prices.read('BTCUSDT');
  await toView('2', 3n);
  prices.announce('BTCUSDT', 3n);
  release();
  await listing;
  expect((await prices.readAll()).value.map(({ price }) => price)).toEqual(['2', '10']);
});

it('does not remember a failure', async () => {
  const { toView, price, views } = arrange();
  await toView('1', 1n);
  const get = views.get.bind(views);
  views.get = async () => Promise.reject(new Error('away'));
  await expect(price()).rejects.toThrow('away');
  views.get = get;
  expect(await price()).toBe('1');
});

it('shows its own source’s prices only, and nulls where there are none', async () => {
  const { toView, ask, prices } = arrange();
  await toView('1', 1n, 'simulator');
  expect((await ask('listPrices')).body).toEqual({
    items: ['BTCUSDT', 'ETHUSDT'].map((symbol) => ({
      symbol,
      price: null,
      asOf: null,
      source: 'binance',
      stale: true,
    })),
  });
  await expect(ask('getPrice', { params: { symbol: 'btcusdt' } })).rejects.toMatchObject({ code: 'price-unavailable' });
  await expect(ask('getPrice', { params: { symbol: 'DOGEUSDT' } })).rejects.toMatchObject({ code: 'unknown-symbol' });
  expect(prices.symbolOf('simulator/BTCUSDT')).toBeUndefined();
  expect(prices.symbolOf('binance/DOGEUSDT')).toBeUndefined();
  expect(prices.symbolOf('binance/BTCUSDT')).toBe('BTCUSDT');
});

it('answers one price and all of them', async () => {
  const { toView, ask, prices } = arrange();
  await toView('1.10', 1n);
  await toView('20', 2n, 'binance', 'ETHUSDT');
  const bitcoin = {
    symbol: 'BTCUSDT',
    price: '1.10',
    asOf: '2026-01-05T10:00:00.000Z',
    source: 'binance',
    stale: false,
  };
  expect((await ask('getPrice', { params: { symbol: 'BTCUSDT' } })).body).toEqual(bitcoin);
  expect((await ask('listPrices')).body.items).toEqual([bitcoin, { ...bitcoin, symbol: 'ETHUSDT', price: '20' }]);
  expect(await prices.readAll()).toBe(await prices.readAll());
  expect((await prices.readAll()).position).toBe(1n);
});

it('reads the version that is read, and never what the cache has of another', async () => {
  const { toView, toCache, price, clock, views, cache, served, row } = arrange();
  const second = { ...latestPrices, version: 2, previous: latestPrices };
  await served.pointers.move(latestPrices, new Date(0));
  served.know([second]);
  await toView('1', 5n);
  await toCache('1', 5n);
  expect(await price()).toBe('1');
  const key = latestPriceKey('BTCUSDT', 'binance');
  await views.apply(second, [{ key, position: 5n, value: row('2') }], 5n);
  await served.pointers.move(second, new Date(1));
  clock.now += 1_001;
  expect(await price()).toBe('2');
  expect(JSON.parse((await cache.get(priceCacheKey('BTCUSDT', 'binance', second)))!.value).price).toBe('2');
  expect(await price(5n)).toBe('2');
});
