import { openEventStoreDb } from '../../adapters/eventstoredb/eventstoredb-event-store.ts';
import { connectMongo } from '../../adapters/mongodb/mongo-connection.ts';
import { MongoViewStore } from '../../adapters/mongodb/mongo-view-store.ts';
import type { Installation } from './distributed.ts';
import { recordingLog } from './recording-log.ts';

/** The stores of a running installation, beside it. */
export const openStores = async ({ EVENTSTORE_URL: url, MONGO_URL, NAMESPACE: namespace }: Installation) => {
  const log = recordingLog();
  const events = await openEventStoreDb({ url, namespace, log });
  const connection = connectMongo({ url: MONGO_URL, log });
  return {
    events,
    views: new MongoViewStore(connection),
    close: async () => {
      await events.close();
      await connection.close();
    },
  };
};
