import { type DependencyContainer, instanceCachingFactory } from 'tsyringe';
import { BinanceExchange } from '../adapters/binance/binance-exchange.ts';
import { InProcessBus } from '../adapters/memory/in-process-bus.ts';
import { InProcessScheduler } from '../adapters/memory/in-process-scheduler.ts';
import { MemoryCache } from '../adapters/memory/memory-cache.ts';
import { masterKeyIn, openDataDirectory } from '../adapters/sqlite/data-directory.ts';
import { SqliteEventStore } from '../adapters/sqlite/sqlite-event-store.ts';
import { SqliteVault } from '../adapters/sqlite/sqlite-vault.ts';
import { SqliteViewStore } from '../adapters/sqlite/sqlite-view-store.ts';
import type { Log } from '../contracts/ports/log.ts';
import type { Configuration } from '../runtime/configuration.ts';
import type { Lifecycle } from '../runtime/lifecycle.ts';
import { sealedVault } from '../runtime/sealed-vault.ts';
import { ports } from '../runtime/tokens.ts';

/** In each partition of the bus. Who falls further behind misses prices, and finds the notices about users in their view. */
const messagesKept = 1_000;

/**
 * The embedded shape: everything in this process and in the files of one directory.
 * @throws Error when another process has the directory, or its vault was made with another master key
 */
export const registerEmbedded = async (
  container: DependencyContainer,
  configuration: Configuration,
  lifecycle: Lifecycle,
  log: Log,
): Promise<void> => {
  const directory = openDataDirectory(configuration.DATA_DIR);
  lifecycle.onStop('data directory', () => directory.close());

  const provide = <Port>(token: symbol, make: () => Port, close: (port: Port) => unknown = () => {}) => {
    const made = instanceCachingFactory(() => {
      const port = make();
      lifecycle.onStop(token.description!, () => close(port));
      return port;
    });
    container.register(token, { useFactory: made });
  };
  provide(
    ports.eventStore as symbol,
    () => new SqliteEventStore(directory.file('events.db')),
    (store) => store.close(),
  );
  provide(
    ports.viewStore as symbol,
    () => new SqliteViewStore(directory.file('views.db')),
    (views) => views.close(),
  );
  provide(ports.bus as symbol, () => new InProcessBus({ messagesKept }));
  provide(ports.cache as symbol, () => new MemoryCache());
  provide(
    ports.scheduler as symbol,
    () => new InProcessScheduler((job, error) => log.error({ err: error, job }, 'scheduled job failed')),
  );
  const { BINANCE_REST_URL: restUrl, BINANCE_WS_URL: webSocketUrl } = configuration;
  provide(
    ports.exchange as symbol,
    () => new BinanceExchange({ restUrl, webSocketUrl }),
    (exchange) => exchange.close(),
  );

  const vault = new SqliteVault(directory.file('vault.db'));
  lifecycle.onStop('vault', () => vault.close());
  const { MASTER_KEY } = configuration;
  const masterKey = MASTER_KEY === undefined ? masterKeyIn(directory) : Buffer.from(MASTER_KEY, 'base64');
  container.registerInstance(ports.vault, await sealedVault(vault, masterKey));
};
