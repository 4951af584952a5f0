import { randomUUID } from 'node:crypto';
import { openEventStoreDb } from '../../adapters/eventstoredb/eventstoredb-event-store.ts';
import { withBackend } from '../support/backends.ts';
import { recordingLog } from '../support/recording-log.ts';
import { eventStoreContract } from './event-store.contract.ts';

withBackend('EVENTSTORE_URL', (url) => {
  eventStoreContract('eventstoredb', async () => {
    const store = await openEventStoreDb({ url, namespace: randomUUID(), log: recordingLog() });
    return { store, close: () => store.close() };
  });
});
