import { SqliteEventStore } from '../../../adapters/sqlite/sqlite-event-store.ts';
import { SqliteViewStore } from '../../../adapters/sqlite/sqlite-view-store.ts';
import { rebuildViews } from './rebuild-views.ts';

export interface RebuildJob {
  readonly eventsFile: string;
  readonly viewsFile: string;
}

const run = async ({ eventsFile, viewsFile }: RebuildJob): Promise<number> => {
  const store = new SqliteEventStore(eventsFile);
  const views = new SqliteViewStore(viewsFile);
  const seconds = await rebuildViews(store, views);
  await views.close();
  await store.close();
  return seconds;
};

process.once('message', async (job: RebuildJob) => {
  const seconds = await run(job);
  process.send!(seconds, () => process.disconnect());
});
