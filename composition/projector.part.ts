import { startProjector } from '../projector/projector.ts';
import { ports } from '../runtime/tokens.ts';
import { registerViewGauges } from './gauges.ts';
import { viewChecks } from './health-checks.ts';
import type { Part, PartNeeds } from './part.ts';

export const projectorPart = async ({ container, shared, configuration, lifecycle, log }: PartNeeds): Promise<Part> => {
  const { events, metrics, rawStore } = shared;
  const projector = startProjector({
    events,
    views: container.resolve(ports.viewStore),
    cache: container.resolve(ports.cache),
    bus: container.resolve(ports.bus),
    lease: await container.resolve(ports.leases)('projector'),
    progress: container.resolve(ports.progress),
    log,
    priceTtlSeconds: configuration.PRICE_TTL_SECONDS,
  });
  lifecycle.onStop('projector', () => projector.stop());
  registerViewGauges(metrics, rawStore, projector);
  return { checks: viewChecks(projector) };
};
