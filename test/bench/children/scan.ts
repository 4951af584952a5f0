import Database from 'libsql';
import { SqliteEventStore } from '../../../adapters/sqlite/sqlite-event-store.ts';

export interface ScanJob {
  readonly eventsFile: string;
  /** Rows as the driver gives them, or events as the store's subscription does. */
  readonly as: 'rows' | 'events';
}

/** Reads everything and does nothing with it; answers the seconds it took. */
const scanRows = (eventsFile: string): number => {
  const database = new Database(eventsFile, { readonly: true });
  const page = database.prepare('SELECT * FROM events WHERE position > ? ORDER BY position LIMIT 500').raw();
  const startedAt = performance.now();
  let after = 0;
  for (;;) {
    const rows = page.all(after) as [number][];
    if (rows.length === 0) break;
    after = rows.at(-1)![0];
  }
  const seconds = (performance.now() - startedAt) / 1000;
  database.close();
  return seconds;
};

const scanEvents = async (eventsFile: string): Promise<number> => {
  const store = new SqliteEventStore(eventsFile);
  const startedAt = performance.now();
  for await (const item of store.subscribe({ signal: new AbortController().signal })) {
    if (item.type === 'caught-up') break;
  }
  const seconds = (performance.now() - startedAt) / 1000;
  await store.close();
  return seconds;
};

process.once('message', async ({ eventsFile, as }: ScanJob) => {
  const seconds = as === 'rows' ? scanRows(eventsFile) : await scanEvents(eventsFile);
  process.send!(seconds, () => process.disconnect());
});
