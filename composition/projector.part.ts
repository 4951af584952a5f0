import { startProjector } from '../projector/projector.ts';
import { ports } from '../runtime/tokens.ts';
import { registerViewGauges } from './gauges.ts';
import { viewChecks } from './health-checks.ts';
import type { Part, PartNeeds } from './part.ts';
import { watchPublishing } from './watch-publishing.ts';

export const projectorPart = async ({ container, shared, configuration, lifecycle, log }: PartNeeds): Promise<Part> => {
  const { events, metrics, rawStore } = shared;
  const { bus, check } = watchPublishing(container.resolve(ports.bus));
  const projector = startProjector({
    events,
    views: container.resolve(ports.viewStore),
    cache: container.resolve(ports.cache),
    bus,
    lease: await container.resolve(ports.leases)('projector'),
    progress: container.resolve(ports.progress),
    log,
    priceTtlSeconds: configuration.PRICE_TTL_SECONDS,
  });
  lifecycle.onStop('projector', () => projector.stop());
  registerViewGauges(metrics, rawStore, projector);
  return { checks: [check, ...viewChecks(projector)] };
};
