import type { Metrics } from '../runtime/metrics.ts';
import type { Parts } from './health-checks.ts';

/** How far things are behind, and how many there are. */
export const registerGauges = (
  metrics: Metrics,
  { rawStore, projector, ingest, sockets }: Parts & { readonly sockets: () => number },
): void => {
  metrics.gauge('projection_lag_events', 'Positions between the store’s head and the view', 'view', async () => {
    // The views first, so that none seems to be ahead.
    const reached = projector.statuses().map(({ name, checkpoint = 0n }) => [name, checkpoint] as const);
    const head = await rawStore.head();
    return reached.map(([name, checkpoint]) => [name, Number(head - checkpoint)] as const);
  });
  metrics.gauge('projection_parked_keys', 'Keys that wait for an operator', 'view', () =>
    projector.statuses().map(({ name, parked }) => [name, parked] as const),
  );
  metrics.gauge('sockets_connected', 'Open sockets', 'gateway', () => [['socket.io', sockets()]]);
  metrics.gauge('exchange_feed_age_seconds', 'Since the exchange was last heard of', 'exchange', () => {
    const { source, lastMessageAt } = ingest.status;
    return source && lastMessageAt ? [[source, (Date.now() - lastMessageAt.getTime()) / 1_000]] : [];
  });
};
