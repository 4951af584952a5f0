import type { EventStore } from '../../../contracts/ports/event-store.ts';
import type { ViewStore } from '../../../contracts/ports/view-store.ts';
import { candles } from '../../../projector/prices/candle.projection.ts';
import { latestPrices } from '../../../projector/prices/latest-price.projection.ts';
import { runProjection } from '../../../projector/run-projection.ts';
import { userProfiles } from '../../../projector/users/user-profile.projection.ts';
import { upcasting } from '../../../runtime/event-log.ts';
import { createLog } from '../../../runtime/logging.ts';

/** Makes the views anew from all events, as the app does; answers the seconds it took. */
export const rebuildViews = async (store: EventStore, views: ViewStore): Promise<number> => {
  const stopping = new AbortController();
  const startedAt = performance.now();
  const running = [userProfiles, latestPrices, candles].map((projection) => {
    const { signal } = stopping;
    const events = upcasting(store);
    let caughtUp = () => {};
    const done = new Promise<void>((resolve) => {
      caughtUp = resolve;
    });
    const afterCommit = (_: unknown, status: { readonly caughtUp: boolean }) => {
      if (status.caughtUp) caughtUp();
    };
    const { ended } = runProjection({ projection, events, views, log: createLog('warn'), signal, afterCommit });
    return { done, ended };
  });
  await Promise.all(running.map(({ done }) => done));
  const seconds = (performance.now() - startedAt) / 1000;
  stopping.abort();
  await Promise.all(running.map(({ ended }) => ended));
  return seconds;
};
