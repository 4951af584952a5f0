import type { ViewValue } from '../../contracts/ports/view-store.ts';
import { type AnyProjection, Folding } from '../../projector/fold-batch.ts';
import { type Past, recordedPast } from './append-past.ts';

/** The rows that a projection makes of these events, by key. */
export const project = async (projection: AnyProjection, past: readonly Past[]): Promise<Record<string, ViewValue>> => {
  const folding = new Folding(projection);
  const { changes, poisons } = await folding.fold(recordedPast(past), new Map(), async () => []);
  if (poisons[0]) throw poisons[0].error;
  return Object.fromEntries(changes.flatMap(({ key, value }) => (value ? [[key, value]] : [])));
};
