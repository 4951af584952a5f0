import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ViewDefinition, ViewStore } from '../contracts/ports/view-store.ts';

const pageSize = 500;

/**
 * Drops what lies in the place, page by page: all at once, a large table would hold up an embedded process for seconds.
 * Leaves the rest where the signal aborts meanwhile.
 * @throws DomainError 'store-unavailable' (safe to repeat)
 */
export const dropRows = async (views: ViewStore, place: ViewDefinition, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    const page = await views.find(place, { limit: pageSize });
    if (page.length < pageSize) return views.drop(place);
    await views.purge(place, page.at(-1)!.key);
    await nextTurn();
  }
};
