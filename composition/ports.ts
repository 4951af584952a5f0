import type { DependencyContainer } from 'tsyringe';
import { BinanceExchange } from '../adapters/binance/binance-exchange.ts';
import type { HealthCheck } from '../runtime/health.ts';
import { sealedVault } from '../runtime/sealed-vault.ts';
import { ports } from '../runtime/tokens.ts';
import { untilAvailable } from '../runtime/until-available.ts';
import { ViewProgress } from '../runtime/view-progress.ts';
import { distributedAdapters } from './distributed-adapters.ts';
import { embeddedAdapters } from './embedded-adapters.ts';
import type { Service } from './services.ts';
import type { StartNeeds } from './start-needs.ts';

/**
 * Puts the adapter that the configuration names behind each port that the services of this process use: a server's where
 * there is its address, else the one of this process and its data directory. Servers that are away are waited for.
 * Answers what readiness asks of adapters that may be away without harm.
 * @throws Error when another process has the directory, or the vault was made with another master key
 */
export const registerPorts = async (
  container: DependencyContainer,
  needs: StartNeeds,
): Promise<readonly HealthCheck[]> => {
  const { configuration, lifecycle, log, stopping } = needs;
  const { EVENTSTORE_URL, MONGO_URL, KAFKA_BROKERS, REDIS_URL, MASTER_KEY } = configuration;
  const embedded = embeddedAdapters(needs);
  const distributed = distributedAdapters(needs);
  const uses = (...services: readonly Service[]) => services.some((service) => needs.services.includes(service));

  const store = EVENTSTORE_URL ? await distributed.eventStore(EVENTSTORE_URL) : embedded.eventStore();
  container.registerInstance(ports.eventStore, store);
  const plain = MONGO_URL ? await distributed.vault(MONGO_URL) : embedded.vault();
  const masterKey = MASTER_KEY ? Buffer.from(MASTER_KEY, 'base64') : embedded.masterKey();
  const vault = await untilAvailable('the vault', () => sealedVault(plain, masterKey), log, stopping);
  container.registerInstance(ports.vault, vault);
  container.registerInstance(ports.leases, MONGO_URL ? distributed.leases(vault) : embedded.leases());

  const checks: HealthCheck[] = [];
  if (uses('command-api', 'query-api', 'projector')) {
    const redis = REDIS_URL ? await distributed.redis(REDIS_URL) : embedded.redis();
    container.registerInstance(ports.cache, redis.cache);
    container.registerInstance(ports.limiters, redis.limiters);
    checks.push(...redis.checks);
  }
  if (uses('query-api', 'projector')) {
    const views = MONGO_URL ? await distributed.viewStore(MONGO_URL) : embedded.viewStore();
    container.registerInstance(ports.viewStore, views);
    container.registerInstance(ports.progress, new ViewProgress(views));
    container.registerInstance(ports.bus, KAFKA_BROKERS ? await distributed.bus(KAFKA_BROKERS) : embedded.bus());
  }
  if (uses('command-api', 'ingest')) {
    const scheduler = MONGO_URL ? await distributed.scheduler(MONGO_URL) : embedded.scheduler();
    container.registerInstance(ports.scheduler, scheduler);
  }
  if (uses('ingest')) {
    const { BINANCE_REST_URL: restUrl, BINANCE_WS_URL: webSocketUrl } = configuration;
    const exchange = new BinanceExchange({ restUrl, webSocketUrl });
    lifecycle.onStop('exchange', () => exchange.close());
    container.registerInstance(ports.exchange, exchange);
  }
  return checks;
};
