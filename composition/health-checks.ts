import { parkedByPolicies } from '../command-api/run-policy.ts';
import type { EventStore } from '../contracts/ports/event-store.ts';
import type { Vault } from '../contracts/ports/vault.ts';
import type { Ingest } from '../ingest/ingest.ts';
import type { Projector } from '../projector/projector.ts';
import type { Gateway } from '../query-api/sockets/gateway.ts';
import type { Configuration } from '../runtime/configuration.ts';
import type { HealthCheck } from '../runtime/health.ts';

export interface Parts {
  readonly rawStore: EventStore;
  readonly vault: Vault;
  readonly projector: Projector;
  readonly ingest: Ingest;
  readonly configuration: Configuration;
}

/** Sockets are ready when no notice that is published from now on can be missed. */
export const socketsCheck = (gateway: () => Pick<Gateway, 'ready'>): HealthCheck => ({
  name: 'sockets',
  check: () => (gateway().ready ? { state: 'ok' } : { state: 'failed', detail: 'do not follow the bus yet' }),
});

/** What readiness asks. Without stores nothing works; without the exchange the rest does. */
export const healthChecks = ({ rawStore, vault, projector, ingest, configuration }: Parts): readonly HealthCheck[] => [
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
  {
    name: 'policies',
    check: async () => {
      const parked = await parkedByPolicies(vault);
      return parked === 0 ? { state: 'ok' } : { state: 'degraded', detail: `${parked} streams are parked` };
    },
  },
  ...projector.statuses().map(({ name }) => ({
    name: `view ${name}`,
    check: () => {
      const status = projector.statuses().find((one) => one.name === name);
      if (!status?.caughtUp) return { state: 'failed' as const, detail: 'has not caught up yet' };
      return status.parked === 0
        ? { state: 'ok' as const }
        : { state: 'degraded' as const, detail: `${status.parked} keys are parked` };
    },
  })),
  {
    name: 'exchange',
    check: () => {
      const { connected, source, lastError, lastMessageAt } = ingest.status;
      if (source !== undefined && source !== configuration.PRICE_SOURCE) {
        return { state: 'degraded', detail: `calls itself ${source}: its prices are not taken` };
      }
      if (!connected) return { state: 'degraded', detail: lastError ?? 'not connected' };
      const ageMs = Date.now() - (lastMessageAt?.getTime() ?? 0);
      return ageMs > configuration.PRICE_STALE_SECONDS * 1_000
        ? { state: 'degraded', detail: 'sends nothing' }
        : { state: 'ok' };
    },
  },
];
