import { randomUUID } from 'node:crypto';
import { connectRedis, type RedisConnection } from '../../adapters/redis/redis-connection.ts';
import { eventually } from './eventually.ts';
import { recordingLog } from './recording-log.ts';

/** A connection that stands, and a prefix of its own for the keys, which `close` deletes. */
export const openRedis = async (url: string) => {
  const log = recordingLog();
  const connection = connectRedis({ url, log });
  const prefix = `test-${randomUUID()}:`;
  await eventually(() => !connection.away);
  return {
    connection,
    log,
    prefix,
    /** Brings the end of all that is under the prefix nearer. */
    pass: (ms: number) => eachKey(connection, prefix, (key) => shorten(connection, key, ms)),
    close: async () => {
      await eachKey(connection, prefix, (key) => connection.client.del(key));
      await connection.close();
    },
  };
};

const eachKey = async ({ client }: RedisConnection, prefix: string, act: (key: string) => Promise<unknown>) => {
  for await (const keys of client.scanStream({ match: `${prefix}*`, count: 1_000 })) await Promise.all(keys.map(act));
};

const shorten = async ({ client }: RedisConnection, key: string, ms: number) => {
  const leftMs = await client.pttl(key);
  // Negative where there is no end, or no key any more.
  if (leftMs >= 0) await client.pexpire(key, leftMs - ms);
};
