import { setTimeout as pause } from 'node:timers/promises';
import { openEventStoreDb } from '../../../adapters/eventstoredb/eventstoredb-event-store.ts';
import { connectMongo } from '../../../adapters/mongodb/mongo-connection.ts';
import { MongoVault } from '../../../adapters/mongodb/mongo-vault.ts';
import { createLog } from '../../../runtime/logging.ts';
import { type Distributed, newInstallation, startDistributed, vaultDatabase } from '../../support/distributed.ts';
import { type Seeded, seedStores, symbols } from '../seed/seed-installation.ts';
import type { RunningServer } from './processes.ts';
import type { Workshop } from './workshop.ts';

export interface DistributedApp extends Seeded {
  /** The address of all services together, behind the gateway. */
  readonly url: string;
  readonly commandApi: RunningServer;
  readonly queryApi: RunningServer;
}

/** A new installation on the servers of the environment, filled as `seedInstallation` does, with a process a service. */
export const startDistributedApp = async (
  workshop: Workshop,
  count: number,
  environment: Readonly<Record<string, string>> = {},
): Promise<DistributedApp> => {
  const installation = newInstallation();
  const { EVENTSTORE_URL: url, NAMESPACE: namespace, MONGO_URL } = installation;
  const log = createLog('warn');
  const rawStore = await openEventStoreDb({ url, namespace, log });
  const vault = connectMongo({ url: MONGO_URL, database: vaultDatabase(MONGO_URL), log, deadlineMs: 30_000 });
  const masterKey = Buffer.from(installation.MASTER_KEY, 'base64');
  const seeded = await seedStores({ rawStore, rawVault: new MongoVault(vault), masterKey }, count);
  const head = await rawStore.head();
  await rawStore.close();
  await vault.close();
  const running = await startDistributed({
    ...installation,
    LOG_LEVEL: 'info',
    SYMBOLS: symbols.join(','),
    BINANCE_REST_URL: 'http://127.0.0.1:1',
    BINANCE_WS_URL: 'ws://127.0.0.1:1',
    // Seeded prices stay fresh for as long as the bench runs.
    PRICE_STALE_SECONDS: '86400',
    ...environment,
  });
  workshop.keep({ ...serverOf(running, 'command-api'), stop: () => running.halt() });
  await untilCaughtUp(running.url, seeded, String(head), rawStore.id);
  return {
    ...seeded,
    url: running.url,
    commandApi: serverOf(running, 'command-api'),
    queryApi: serverOf(running, 'query-api'),
  };
};

const serverOf = (running: Distributed, service: 'command-api' | 'query-api'): RunningServer => {
  const { url, pid } = running.of(service)[0]!;
  return { url, pid, port: Number(new URL(url).port), stop: () => Promise.resolve() };
};

const untilCaughtUp = async (url: string, { users }: Seeded, position: string, storeId: string): Promise<void> => {
  const headers = { authorization: `Bearer ${users[0]!.token}`, 'consistency-token': `${storeId}.${position}` };
  for (let tries = 0; tries < 120; tries++) {
    if ((await fetch(`${url}/v1/dashboard`, { headers })).ok) return;
    await pause(500);
  }
  throw new Error('the views did not catch up');
};
