import { randomUUID } from 'node:crypto';
import { MongoClient } from '@agendajs/mongo-backend';
import { openAgendaScheduler } from '../../adapters/agenda/agenda-scheduler.ts';
import { withBackend } from '../support/backends.ts';
import { recordingLog } from '../support/recording-log.ts';
import { schedulerContract } from './scheduler.contract.ts';

withBackend('MONGO_URL', (url) => {
  const database = 'tidemark-schedules';
  const open = async (report: (name: string, error: unknown) => void) => {
    const collection = `schedule-${randomUUID()}`;
    const scheduler = openAgendaScheduler({
      ...{ url, database, collection, report, processEveryMs: 50, log: recordingLog() },
    });
    const close = async () => {
      await scheduler.close();
      const client = new MongoClient(url);
      await client.db(database).collection(collection).drop();
      await client.close();
    };
    return { scheduler, close };
  };
  schedulerContract('agenda', open, 500);
});
