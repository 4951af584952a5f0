import { parkedByPolicies } from '../command-api/run-policy.ts';
import type { EventStore } from '../contracts/ports/event-store.ts';
import type { Vault } from '../contracts/ports/vault.ts';
import type { ViewStore } from '../contracts/ports/view-store.ts';
import type { Ingest } from '../ingest/ingest.ts';
import type { Projector } from '../projector/projector.ts';
import type { Gateway } from '../query-api/sockets/gateway.ts';
import type { Configuration } from '../runtime/configuration.ts';
import type { HealthCheck } from '../runtime/health.ts';
import type { ServedViews } from '../runtime/served-views.ts';

/** Without stores nothing works. */
export const storeChecks = (rawStore: EventStore, vault: Vault): readonly HealthCheck[] => [
  {
    name: 'event store',
    check: async () => {
      await rawStore.readLast('admins');
      return { state: 'ok' };
    },
  },
  {
    name: 'vault',
    check: async () => {
      // A write, so that a full disk shows. It has expired before it is written, and makes room for the next.
      await vault.insert('health', 'probe', true, { expiresAt: new Date(0) });
      return { state: 'ok' };
    },
  },
];

export const policiesCheck = (vault: Vault): HealthCheck => ({
  name: 'policies',
  check: async () => {
    const parked = await parkedByPolicies(vault);
    return parked === 0 ? { state: 'ok' } : { state: 'degraded', detail: `${parked} streams are parked` };
  },
});

/** The versions that are read; one that is being made beside them holds nobody up. */
export const viewChecks = (projector: Projector): readonly HealthCheck[] =>
  projector.statuses().map(({ name }) => ({
    name: `view ${name}`,
    check: () => {
      const status = projector.statuses().find((one) => one.name === name && one.serving);
      if (status?.standby) return { state: 'ok', detail: 'standby: another process makes it' };
      if (!status?.caughtUp) return { state: 'failed', detail: 'has not caught up yet' };
      return status.parked === 0 ? { state: 'ok' } : { state: 'degraded', detail: `${status.parked} keys are parked` };
    },
  }));

/** What is read here must have been complete once. */
export const servedViewsCheck = (served: ServedViews): HealthCheck => ({
  name: 'views',
  check: () => {
    const { unfinished } = served;
    return unfinished.length === 0
      ? { state: 'ok' }
      : { state: 'failed', detail: `${unfinished.join(', ')}: not made yet` };
  },
});

/** Without the exchange everything else goes on. */
export const exchangeCheck = (
  ingest: Ingest,
  { PRICE_SOURCE, PRICE_STALE_SECONDS }: Pick<Configuration, 'PRICE_SOURCE' | 'PRICE_STALE_SECONDS'>,
): HealthCheck => ({
  name: 'exchange',
  check: () => {
    const { connected, source, lastError, lastMessageAt } = ingest.status;
    if (source !== undefined && source !== PRICE_SOURCE) {
      return { state: 'degraded', detail: `calls itself ${source}: its prices are not taken` };
    }
    if (!connected) return { state: 'degraded', detail: lastError ?? 'not connected' };
    const ageMs = Date.now() - (lastMessageAt?.getTime() ?? 0);
    return ageMs > PRICE_STALE_SECONDS * 1_000 ? { state: 'degraded', detail: 'sends nothing' } : { state: 'ok' };
  },
});

/**
 * Sockets are ready when no notice that is published from now on can be missed. A process that has heard the bus before
 * goes on serving reads without it, and tells its sockets what they missed when it is back.
 */
export const socketsCheck = (gateway: () => Pick<Gateway, 'ready'>): HealthCheck => {
  let wasReady = false;
  return {
    name: 'sockets',
    check: () => {
      if (gateway().ready) {
        wasReady = true;
        return { state: 'ok' };
      }
      return wasReady
        ? { state: 'degraded', detail: 'do not hear the bus: notices come later' }
        : { state: 'failed', detail: 'do not follow the bus yet' };
    },
  };
};

/** Without it reads go to the view, and each process counts failed sign-ins by itself. */
export const redisCheck = (connection: { readonly away: boolean }): HealthCheck => ({
  name: 'redis',
  check: () => (connection.away ? { state: 'degraded', detail: 'is away: views are read instead' } : { state: 'ok' }),
});

/** What is read, and written by the projector. */
export const viewStoreCheck = (views: ViewStore): HealthCheck => ({
  name: 'view store',
  check: async () => {
    await views.checkpoint({ name: 'health', version: 1 });
    return { state: 'ok' };
  },
});
