import type { EventStore } from '../contracts/ports/event-store.ts';
import type { Ingest } from '../ingest/ingest.ts';
import type { ProjectionState, Projector } from '../projector/projector.ts';
import type { Metrics } from '../runtime/metrics.ts';

/** A version that is not the one that is read says which it is. */
const labelOf = ({ name, version, serving }: ProjectionState) => (serving ? name : `${name}@${version}`);

/** How far the views are behind, and what waits for an operator. */
export const registerViewGauges = (metrics: Metrics, rawStore: EventStore, projector: Projector): void => {
  metrics.gauge(
    'projection_lag_positions',
    'Positions between the store’s head and the view: events, or bytes of the log on EventStoreDB',
    'view',
    async () => {
      // The views first, so that none seems to be ahead. Of those in standby another process tells.
      const reached = projector
        .statuses()
        .flatMap((status) => (status.standby ? [] : [[labelOf(status), status.checkpoint ?? 0n] as const]));
      const head = await rawStore.head();
      return reached.map(([name, checkpoint]) => [name, Math.max(0, Number(head - checkpoint))] as const);
    },
  );
  metrics.gauge('projection_parked_keys', 'Keys that wait for an operator', 'view', () =>
    projector.statuses().flatMap((status) => (status.standby ? [] : [[labelOf(status), status.parked] as const])),
  );
};

export const registerExchangeGauge = (metrics: Metrics, ingest: Ingest): void =>
  metrics.gauge('exchange_feed_age_seconds', 'Since the exchange was last heard of', 'exchange', () => {
    const { source, lastMessageAt } = ingest.status;
    return source && lastMessageAt ? [[source, (Date.now() - lastMessageAt.getTime()) / 1_000]] : [];
  });
