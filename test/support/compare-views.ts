import { MemoryViewStore } from '../../adapters/memory/memory-view-store.ts';
import type { EventStore } from '../../contracts/ports/event-store.ts';
import type { ViewRow, ViewStore } from '../../contracts/ports/view-store.ts';
import type { AnyProjection } from '../../projector/fold-batch.ts';
import { runProjection } from '../../projector/run-projection.ts';
import { upcasting } from '../../runtime/event-log.ts';
import { eventually } from './eventually.ts';
import { recordingLog } from './recording-log.ts';

export const everyRow = async (store: ViewStore, view: AnyProjection): Promise<ViewRow[]> => {
  const rows: ViewRow[] = [];
  for (;;) {
    const page = await store.find(view, { after: rows.at(-1)?.key, limit: 1_000 });
    rows.push(...page);
    if (page.length < 1_000) return rows;
  }
};

const text = (row: ViewRow) => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? String(value) : value));

/**
 * The keys of the rows that differ from what a fold of all events makes, once the kept view has everything that is there
 * now. Nobody may write meanwhile.
 */
export const differingKeys = async (
  store: EventStore,
  kept: ViewStore,
  projection: AnyProjection,
): Promise<readonly string[]> => {
  const head = await store.head();
  await eventually(async () => ((await kept.checkpoint(projection)) ?? 0n) >= head, 30_000);
  const fresh = new MemoryViewStore();
  const stop = new AbortController();
  const run = runProjection({
    projection,
    events: upcasting(store),
    views: fresh,
    log: recordingLog(),
    signal: stop.signal,
  });
  await eventually(() => (run.status.checkpoint ?? 0n) >= head, 30_000);
  stop.abort();
  await run.ended;
  const folded = new Map((await everyRow(fresh, projection)).map((row) => [row.key, text(row)]));
  const rows = new Map((await everyRow(kept, projection)).map((row) => [row.key, text(row)]));
  return [...new Set([...folded.keys(), ...rows.keys()])].filter((key) => folded.get(key) !== rows.get(key));
};
