import { openEventStoreDb } from '../../../adapters/eventstoredb/eventstoredb-event-store.ts';
import { connectMongo } from '../../../adapters/mongodb/mongo-connection.ts';
import { MongoViewStore } from '../../../adapters/mongodb/mongo-view-store.ts';
import { createLog } from '../../../runtime/logging.ts';
import { newInstallation } from '../../support/distributed.ts';
import { seedEvents } from '../seed/seed-history.ts';
import { rebuildViews } from './rebuild-views.ts';

export interface DistributedRebuildJob {
  readonly events: number;
}

/** Makes the views anew from all events, and reads the events alone, on servers; answers events a second of both. */
const run = async ({ events: count }: DistributedRebuildJob) => {
  const { EVENTSTORE_URL: url, MONGO_URL, NAMESPACE: namespace } = newInstallation();
  const log = createLog('warn');
  const store = await openEventStoreDb({ url, namespace, log, deadlineMs: 30_000 });
  const connection = connectMongo({ url: MONGO_URL, log, deadlineMs: 30_000 });
  await seedEvents(store, count);

  const scanStartedAt = performance.now();
  const scan = new AbortController();
  for await (const item of store.subscribe({ signal: scan.signal })) if (item.type === 'caught-up') scan.abort();
  const scanSeconds = (performance.now() - scanStartedAt) / 1_000;
  const seconds = await rebuildViews(store, new MongoViewStore(connection));
  await store.close();
  await connection.close();
  return { perSecond: count / seconds, scanPerSecond: count / scanSeconds };
};

process.once('message', async (job: DistributedRebuildJob) => {
  const result = await run(job);
  process.send!(result, () => process.disconnect());
});
