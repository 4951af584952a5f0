import { memoryLimiters } from '../adapters/memory/memory-limiter.ts';
import type { Vault } from '../contracts/ports/vault.ts';
import type { Leases } from '../runtime/tokens.ts';
import { untilAvailable } from '../runtime/until-available.ts';
import { holdLease } from '../runtime/vault-lease.ts';
import { redisCheck } from './health-checks.ts';
import type { StartNeeds } from './start-needs.ts';

/**
 * Beside the views' database, so that somebody may be let into one and not into the other. A URL of MongoDB may name
 * several hosts, which makes it none for `URL`.
 */
const vaultDatabaseOf = (url: string) => {
  const database = /^[^:]+:\/\/[^/?]+\/([^/?]+)/.exec(url)?.[1] ?? 'tidemark';
  return `${decodeURIComponent(database)}-vault`;
};

/** Over servers. Their clients are loaded where they are used, so that the embedded shape starts without them. */
export const distributedAdapters = ({ configuration, lifecycle, log, stopping }: StartNeeds) => {
  const { NAMESPACE: namespace = '' } = configuration;
  const closing = <Opened extends { close(): unknown }>(name: string, opened: Opened): Opened => {
    lifecycle.onStop(name, () => opened.close());
    return opened;
  };
  const connectMongo = async (name: string, url: string, database?: string) => {
    const mongo = await import('../adapters/mongodb/mongo-connection.ts');
    return closing(name, mongo.connectMongo({ url, database, log }));
  };

  return {
    eventStore: async (url: string) => {
      const { openEventStoreDb } = await import('../adapters/eventstoredb/eventstoredb-event-store.ts');
      const open = () => openEventStoreDb({ url, namespace, log });
      return closing('event store', await untilAvailable('the event store', open, log, stopping));
    },
    vault: async (url: string) => {
      const { MongoVault } = await import('../adapters/mongodb/mongo-vault.ts');
      return new MongoVault(await connectMongo('vault', url, vaultDatabaseOf(url)));
    },
    viewStore: async (url: string) => {
      const { MongoViewStore } = await import('../adapters/mongodb/mongo-view-store.ts');
      return new MongoViewStore(await connectMongo('view store', url));
    },
    bus: async (brokers: readonly string[]) => {
      const { KafkaBus } = await import('../adapters/kafka/kafka-bus.ts');
      return closing('bus', new KafkaBus({ brokers, prefix: namespace && `${namespace}.`, log }));
    },
    /** A cache, and limits that all processes count together. */
    redis: async (url: string) => {
      const { connectRedis } = await import('../adapters/redis/redis-connection.ts');
      const { RedisCache } = await import('../adapters/redis/redis-cache.ts');
      const { redisLimiters } = await import('../adapters/redis/redis-limiter.ts');
      const connection = closing('redis', connectRedis({ url, log }));
      const prefix = namespace && `${namespace}:`;
      return {
        cache: new RedisCache(connection, { prefix }),
        limiters: redisLimiters(connection, { prefix, insurance: memoryLimiters }),
        checks: [redisCheck(connection)],
      };
    },
    scheduler: async (url: string) => {
      const { openAgendaScheduler } = await import('../adapters/agenda/agenda-scheduler.ts');
      const report = (job: string, error: unknown) => log.error({ err: error, job }, 'scheduled job failed');
      return closing('scheduler', openAgendaScheduler({ url, database: vaultDatabaseOf(url), report, log }));
    },
    leases:
      (vault: Vault): Leases =>
      async (name) => {
        const stop = new AbortController();
        const lease = await holdLease({ vault, name, log, signal: stop.signal });
        lifecycle.onStop(`lease ${name}`, () => {
          stop.abort();
          return lease.ended;
        });
        return lease;
      },
  };
};
