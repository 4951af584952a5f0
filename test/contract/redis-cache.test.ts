import { randomUUID } from 'node:crypto';
import { RedisCache } from '../../adapters/redis/redis-cache.ts';
import { withBackend } from '../support/backends.ts';
import { openRedis } from '../support/open-redis.ts';
import { cacheContract } from './cache.contract.ts';

withBackend('REDIS_URL', (url) => {
  cacheContract('redis', async () => {
    const { connection, prefix, pass, close } = await openRedis(url);
    return { cache: new RedisCache(connection, { prefix, deadlineMs: 2_000 }), pass, close };
  });

  describe('over redis', () => {
    let redis: Awaited<ReturnType<typeof openRedis>>;
    beforeAll(async () => {
      redis = await openRedis(url);
    });
    afterAll(() => redis.close());
    const cacheWith = (prefix: string) => new RedisCache(redis.connection, { prefix, deadlineMs: 2_000 });

    it('is one for all processes, and another one with another prefix', async () => {
      const other = await openRedis(url);
      const entry = { value: 'a', position: 1n };
      await cacheWith(redis.prefix).putIfNewer('shared', entry, 60);
      expect(await new RedisCache(other.connection, { prefix: redis.prefix }).get('shared')).toEqual(entry);
      expect(await cacheWith(`${redis.prefix}other:`).get('shared')).toBeUndefined();
      await other.close();
    });

    it('keeps the latest of writers that race through several connections', async () => {
      const others = await Promise.all([openRedis(url), openRedis(url)]);
      const key = randomUUID();
      const caches = others.map(({ connection }) => new RedisCache(connection, { ...redis, deadlineMs: 2_000 }));
      const positions = Array.from({ length: 200 }, (_, index) => 2n ** 62n + BigInt((index * 77) % 200));
      await Promise.all(
        positions.map((position, index) => caches[index % 2]!.putIfNewer(key, { value: `${position}`, position }, 60)),
      );
      const last = 2n ** 62n + 199n;
      expect(await cacheWith(redis.prefix).get(key)).toEqual({ value: `${last}`, position: last });
      await Promise.all(others.map((other) => other.close()));
    });

    it.each([
      ['text of somebody else', 'hello'],
      ['a position that is cut off', '0000000001'],
      ['a position with too many digits', `${'9'.repeat(21)}:value`],
      ['what is no position', `-${'9'.repeat(19)}:value`],
    ])('reads %s as empty, and puts its own in its place', async (_, bytes) => {
      const cache = cacheWith(redis.prefix);
      const key = randomUUID();
      await redis.connection.client.set(`${redis.prefix}cache:${key}`, bytes);
      expect(await cache.get(key)).toBeUndefined();
      await cache.putIfNewer(key, { value: 'ours', position: 1n }, 60);
      expect(await cache.get(key)).toEqual({ value: 'ours', position: 1n });
    });

    it('reads a key that holds no text as empty, says so, and puts its own in its place', async () => {
      const cache = cacheWith(redis.prefix);
      const key = randomUUID();
      await redis.connection.client.rpush(`${redis.prefix}cache:${key}`, 'a', 'list');
      expect(await cache.get(key)).toBeUndefined();
      expect(await cache.get(key)).toBeUndefined();
      expect(redis.log.lines.map(({ message }) => message)).toEqual(['redis refused a command']);
      await cache.putIfNewer(key, { value: 'ours', position: 1n }, 60);
      expect(await cache.get(key)).toEqual({ value: 'ours', position: 1n });
    });

    it('finds its script again after the server has forgotten it', async () => {
      const cache = cacheWith(redis.prefix);
      const key = randomUUID();
      await cache.putIfNewer(key, { value: 'a', position: 1n }, 60);
      await redis.connection.client.script('FLUSH');
      await cache.putIfNewer(key, { value: 'b', position: 2n }, 60);
      expect(await cache.get(key)).toEqual({ value: 'b', position: 2n });
    });
  });
});
