import { memoryLimiters } from '../../adapters/memory/memory-limiter.ts';
import { redisLimiters } from '../../adapters/redis/redis-limiter.ts';
import { withBackend } from '../support/backends.ts';
import { openRedis } from '../support/open-redis.ts';
import { limiterContract } from './limiter.contract.ts';

withBackend('REDIS_URL', (url) => {
  limiterContract('redis', async () => {
    const { connection, prefix, pass, close } = await openRedis(url);
    return {
      limiters: redisLimiters(connection, { prefix, deadlineMs: 2_000, insurance: memoryLimiters }),
      pass,
      close,
    };
  });
});
