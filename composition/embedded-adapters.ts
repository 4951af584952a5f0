import { InProcessBus } from '../adapters/memory/in-process-bus.ts';
import { InProcessScheduler } from '../adapters/memory/in-process-scheduler.ts';
import { MemoryCache } from '../adapters/memory/memory-cache.ts';
import { memoryLimiters } from '../adapters/memory/memory-limiter.ts';
import { type DataDirectory, masterKeyIn, openDataDirectory } from '../adapters/sqlite/data-directory.ts';
import { SqliteEventStore } from '../adapters/sqlite/sqlite-event-store.ts';
import { SqliteVault } from '../adapters/sqlite/sqlite-vault.ts';
import { SqliteViewStore } from '../adapters/sqlite/sqlite-view-store.ts';
import type { StartNeeds } from './start-needs.ts';

/** In each partition of the bus. Who falls further behind misses prices, and finds the notices about users in their view. */
const messagesKept = 1_000;

/** Of this process and the files of one directory, which is taken when the first of its files is asked for. */
export const embeddedAdapters = ({ configuration, lifecycle, log }: StartNeeds) => {
  let taken: DataDirectory | undefined;
  const directory = (): DataDirectory => {
    if (taken) return taken;
    const opened = openDataDirectory(configuration.DATA_DIR);
    lifecycle.onStop('data directory', () => opened.close());
    taken = opened;
    return opened;
  };
  const closing = <Opened extends { close(): unknown }>(name: string, opened: Opened): Opened => {
    lifecycle.onStop(name, () => opened.close());
    return opened;
  };
  return {
    /** @throws Error when another process has the directory; so may each of the stores */
    masterKey: () => masterKeyIn(directory()),
    vault: () => closing('vault', new SqliteVault(directory().file('vault.db'))),
    eventStore: () => closing('event store', new SqliteEventStore(directory().file('events.db'))),
    viewStore: () => closing('view store', new SqliteViewStore(directory().file('views.db'))),
    bus: () => new InProcessBus({ messagesKept }),
    redis: () => ({ cache: new MemoryCache(), limiters: memoryLimiters, checks: [] }),
    scheduler: () => new InProcessScheduler((job, error) => log.error({ err: error, job }, 'scheduled job failed')),
    /** The directory is this process's alone, and so is all work that only one may do. */
    leases: () => async () => ({ held: () => true }),
  };
};
