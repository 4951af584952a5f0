import { memoryLimiters } from '../../adapters/memory/memory-limiter.ts';
import { RedisCache } from '../../adapters/redis/redis-cache.ts';
import { connectRedis, type RedisConnection } from '../../adapters/redis/redis-connection.ts';
import { redisLimiters } from '../../adapters/redis/redis-limiter.ts';
import { withBackend } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { openRedis } from '../support/open-redis.ts';
import { recordingLog } from '../support/recording-log.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

withBackend('REDIS_URL', (url) => {
  let proxy: TcpProxy;
  let redis: Awaited<ReturnType<typeof openRedis>>;
  let cache: RedisCache;
  /** Of the installation, over a network without faults. */
  let direct: Awaited<ReturnType<typeof openRedis>>;
  const throughProxy = () => {
    const address = new URL(url);
    address.host = proxy.address;
    return address.href;
  };
  const messages = () => redis.log.lines.map(({ level, message }) => `${level}: ${message}`);
  const outage = ['warn: redis is away', 'info: redis is back'];
  const entry = { value: 'a', position: 1n };

  beforeEach(async () => {
    proxy = await startTcpProxy({ target: new URL(url).host });
    redis = await openRedis(throughProxy());
    direct = await openRedis(url);
    cache = new RedisCache(redis.connection, { prefix: direct.prefix });
    await new RedisCache(direct.connection, { prefix: direct.prefix, deadlineMs: 2_000 }).putIfNewer('key', entry, 60);
    await eventually(isThere);
  });
  afterEach(async () => {
    await redis.connection.close();
    await direct.close();
    await proxy.close();
  });

  const isThere = async () => (await cache.get('key'))?.value === entry.value;
  const timed = async (act: () => Promise<unknown>): Promise<number> => {
    const fromMs = performance.now();
    await act();
    return performance.now() - fromMs;
  };

  it('reads as empty and drops writes while the server is gone, and is back by itself', async () => {
    await proxy.refuse();
    await eventually(() => redis.connection.away);
    expect(await cache.get('key')).toBeUndefined();
    await cache.putIfNewer('key', { value: 'dropped', position: 2n }, 60);
    await proxy.resume();
    await eventually(() => !redis.connection.away);
    await eventually(isThere);
    expect(messages()).toEqual(outage);
  });

  it('is there once the server is, when that comes later', async () => {
    await proxy.refuse();
    const log = recordingLog();
    const late = connectRedis({ url: throughProxy(), log });
    const lateCache = new RedisCache(late, { prefix: direct.prefix });
    expect(await lateCache.get('key')).toBeUndefined();
    await eventually(() => log.lines.length > 0);
    await proxy.resume();
    await eventually(async () => (await lateCache.get('key'))?.value === entry.value);
    expect(log.lines.map(({ message }) => message)).toEqual(['redis is away', 'redis is back']);
    await late.close();
  });

  it('comes through a broken connection', async () => {
    proxy.cut();
    await eventually(() => messages().length === outage.length);
    await eventually(isThere);
    expect(messages()).toEqual(outage);
  });

  it.each(['pause', 'strand'] as const)(
    'makes only those wait who are there at a %s, for their deadline',
    async (fault) => {
      proxy[fault]();
      const first = await timed(() => Promise.all([cache.get('key'), cache.putIfNewer('key', entry, 60)]));
      expect(first).toBeGreaterThan(90);
      expect(first).toBeLessThan(900);
      const thousand = await timed(async () => {
        for (let request = 0; request < 1_000; request++) expect(await cache.get('key')).toBeUndefined();
      });
      expect(thousand).toBeLessThan(900);
      if (fault === 'pause') await proxy.resume();
      await eventually(async () => (await isThere()) && messages().length === outage.length);
      expect(messages()).toEqual(outage);
    },
  );

  it('costs nobody anything while the server hangs, however long it does', async () => {
    proxy.pause();
    await cache.get('key');
    const costs: number[] = [];
    // Until the connection was given up and made again, in vain.
    const untilMs = performance.now() + 3_500;
    while (performance.now() < untilMs) {
      costs.push(await timed(() => cache.get('key')));
      await new Promise((next) => setTimeout(next, 10));
    }
    expect(costs.length).toBeGreaterThan(100);
    // This machine may have something else to do.
    expect(costs.filter((ms) => ms > 90).length).toBeLessThan(3);
    await proxy.resume();
    await eventually(isThere);
    expect(messages()).toEqual(outage);
  });

  it('takes a late answer for a sign of life', async () => {
    proxy.latencyMs = 80;
    expect(await cache.get('key')).toBeUndefined();
    expect(redis.connection.away).toBe(true);
    proxy.latencyMs = 0;
    // Well before the connection would be given up.
    await eventually(() => !redis.connection.away, 500);
    await eventually(isThere);
    // A second later it counts as well.
    await eventually(async () => (await isThere()) && messages().length === outage.length);
    expect(messages()).toEqual(outage);
    expect(proxy.connections).toBe(1);
  });

  it.each([
    ['hangs', () => proxy.pause()],
    ['is gone', () => proxy.refuse()],
  ])('closes soon while the server %s, and reads as empty after that', async (_, fault) => {
    await fault();
    await cache.get('key');
    expect(await timed(() => redis.connection.close())).toBeLessThan(600);
    await redis.connection.close();
    expect(await cache.get('key')).toBeUndefined();
    await cache.putIfNewer('key', entry, 60);
  });

  describe('limits', () => {
    const limitsOver = (connection: RedisConnection) =>
      redisLimiters(connection, { prefix: direct.prefix, deadlineMs: 2_000, insurance: memoryLimiters })({
        name: 'sign-in',
        tries: 3,
        windowSeconds: 60,
      });
    const letThrough = async (limiter: ReturnType<typeof limitsOver>, tries: number) => {
      const all = await Promise.allSettled(Array.from({ length: tries }, () => limiter.take('key')));
      return all.filter(({ status }) => status === 'fulfilled').length;
    };

    it('are one for all processes', async () => {
      const [one, other] = [limitsOver(redis.connection), limitsOver(direct.connection)];
      const taken = await Promise.all([letThrough(one, 5), letThrough(other, 5)]);
      expect(taken[0]! + taken[1]!).toBe(3);
    });

    it('end with their window, also on the server', async () => {
      await limitsOver(redis.connection).take('key');
      const key = `${direct.prefix}limit:sign-in:key`;
      expect(await direct.connection.client.pttl(key)).toBeGreaterThan(50_000);
      expect(await direct.connection.client.pttl(key)).toBeLessThanOrEqual(60_000);
    });

    it.each([
      ['is gone', () => proxy.refuse()],
      ['hangs', () => proxy.pause()],
    ])('neither lock everybody out nor let everybody in while the server %s', async (_, fault) => {
      const limiter = limitsOver(redis.connection);
      await letThrough(limiter, 3);
      await fault();
      await eventually(async () => {
        await cache.get('key');
        return redis.connection.away;
      });
      expect(await letThrough(limiter, 10)).toBe(3);
      expect(await letThrough(limiter, 10)).toBe(0);
      await limiter.forget('key');
      expect(await letThrough(limiter, 10)).toBe(3);
      await proxy.resume();
      await eventually(() => !redis.connection.away);
      // What was counted together still counts.
      expect(await letThrough(limiter, 10)).toBe(0);
    });

    it('give a try back where it was counted', async () => {
      const limiter = limitsOver(redis.connection);
      const shared = await limiter.take('key');
      await proxy.refuse();
      await eventually(() => redis.connection.away);
      const own = [await limiter.take('key'), await limiter.take('key'), await limiter.take('key')];
      await shared.giveBack();
      expect(await letThrough(limiter, 1)).toBe(0);
      await proxy.resume();
      await eventually(() => !redis.connection.away);
      await own[0]!.giveBack();
      expect(await letThrough(limiter, 10)).toBe(2);
    });

    it('count what is no count as none', async () => {
      const key = `${direct.prefix}limit:sign-in:key`;
      await direct.connection.client.rpush(key, 'a', 'list');
      expect(await letThrough(limitsOver(redis.connection), 10)).toBe(3);
      await direct.connection.client.set(key, 'endless');
      expect(await letThrough(limitsOver(redis.connection), 10)).toBe(3);
      await direct.connection.client.set(key, '9');
      expect(await letThrough(limitsOver(redis.connection), 10)).toBe(3);
    });
  });
});
