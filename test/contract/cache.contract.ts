import { randomUUID } from 'node:crypto';
import type { Cache } from '../../contracts/ports/cache.ts';

export interface OpenCache {
  readonly cache: Cache;
  /** Lets this much time pass for the cache. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** What every cache promises. Each adapter runs this whole suite, and nothing weaker. */
export const cacheContract = (name: string, open: () => Promise<OpenCache>) =>
  describe(`cache: ${name}`, () => {
    let cache: Cache;
    let pass: OpenCache['pass'];
    let close: OpenCache['close'];
    beforeAll(async () => {
      ({ cache, pass, close } = await open());
    });
    afterAll(() => close());
    const newKey = () => `price/${randomUUID()}`;

    it('reads as empty where nothing was put', async () => {
      expect(await cache.get(newKey())).toBeUndefined();
    });

    it('gives back value and position as they were put', async () => {
      const [one, two] = [newKey(), newKey()];
      const entry = { value: '{"text":"ä\\n\u{1F600}"}', position: 2n ** 53n + 1n };
      await cache.putIfNewer(one, entry, 60);
      await cache.putIfNewer(two, { value: '', position: 0n }, 60);
      expect(await cache.get(one)).toEqual(entry);
      expect(await cache.get(two)).toEqual({ value: '', position: 0n });
    });

    it('takes a later one, and passes over an earlier one or one of the same position', async () => {
      const key = newKey();
      await cache.putIfNewer(key, { value: 'nine', position: 9n }, 60);
      // As text, 10 would be before 9.
      await cache.putIfNewer(key, { value: 'ten', position: 10n }, 60);
      await cache.putIfNewer(key, { value: 'late', position: 9n }, 60);
      await cache.putIfNewer(key, { value: 'same', position: 10n }, 60);
      expect(await cache.get(key)).toEqual({ value: 'ten', position: 10n });
    });

    it('tells positions beyond 53 bits apart', async () => {
      const key = newKey();
      const far = 2n ** 53n;
      await cache.putIfNewer(key, { value: 'before', position: far }, 60);
      await cache.putIfNewer(key, { value: 'later', position: far + 1n }, 60);
      await cache.putIfNewer(key, { value: 'earlier', position: far }, 60);
      expect(await cache.get(key)).toEqual({ value: 'later', position: far + 1n });
      await cache.putIfNewer(key, { value: 'latest', position: far + 2n }, 60);
      expect(await cache.get(key)).toEqual({ value: 'latest', position: far + 2n });
    });

    it('keeps the latest of racing writers', async () => {
      const key = newKey();
      const positions = Array.from({ length: 30 }, (_, index) => BigInt((index * 7) % 30));
      await Promise.all(positions.map((position) => cache.putIfNewer(key, { value: `${position}`, position }, 60)));
      expect(await cache.get(key)).toEqual({ value: '29', position: 29n });
    });

    it('forgets after the time to live, and then takes any position', async () => {
      const key = newKey();
      await cache.putIfNewer(key, { value: 'a', position: 5n }, 1);
      await pass(500);
      expect(await cache.get(key)).toBeDefined();
      await pass(600);
      expect(await cache.get(key)).toBeUndefined();
      await cache.putIfNewer(key, { value: 'b', position: 4n }, 60);
      expect(await cache.get(key)).toEqual({ value: 'b', position: 4n });
    });

    it('begins the time to live anew at the same position, and not for an earlier one', async () => {
      const [renewed, old] = [newKey(), newKey()];
      for (const key of [renewed, old]) await cache.putIfNewer(key, { value: 'a', position: 5n }, 1);
      await pass(700);
      await cache.putIfNewer(renewed, { value: 'a', position: 5n }, 1);
      await cache.putIfNewer(old, { value: 'b', position: 4n }, 1);
      await pass(700);
      expect(await cache.get(renewed)).toEqual({ value: 'a', position: 5n });
      expect(await cache.get(old)).toBeUndefined();
    });

    it('keeps nothing without a time to live, and leaves what is there', async () => {
      const key = newKey();
      await cache.putIfNewer(key, { value: 'a', position: 5n }, 0);
      expect(await cache.get(key)).toBeUndefined();
      await cache.putIfNewer(key, { value: 'a', position: 5n }, 60);
      for (const position of [5n, 6n]) await cache.putIfNewer(key, { value: 'b', position }, 0);
      expect(await cache.get(key)).toEqual({ value: 'a', position: 5n });
    });
  });
