import { MemoryCache } from '../../adapters/memory/memory-cache.ts';
import { cacheContract } from './cache.contract.ts';

const stoppedClock = () => {
  let timeMs = 1_000_000;
  const pass = async (ms: number) => {
    timeMs += ms;
  };
  return { now: () => timeMs, pass };
};

cacheContract('memory', async () => {
  const { now, pass } = stoppedClock();
  return { cache: new MemoryCache({ now }), pass, close: async () => {} };
});

it('holds no more entries than it may, and lets the longest unread go', async () => {
  const cache = new MemoryCache({ maxEntries: 2 });
  await cache.putIfNewer('a', { value: 'a', position: 1n }, 60);
  await cache.putIfNewer('b', { value: 'b', position: 1n }, 60);
  await cache.get('a');
  await cache.putIfNewer('c', { value: 'c', position: 1n }, 60);
  expect(await Promise.all(['a', 'b', 'c'].map(async (key) => (await cache.get(key))?.value))).toEqual([
    'a',
    undefined,
    'c',
  ]);
});
