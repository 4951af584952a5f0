import { startIngest } from '../ingest/ingest.ts';
import { ports } from '../runtime/tokens.ts';
import { registerExchangeGauge } from './gauges.ts';
import { exchangeCheck } from './health-checks.ts';
import type { Part, PartNeeds } from './part.ts';

export const ingestPart = async ({ container, shared, configuration, lifecycle, log }: PartNeeds): Promise<Part> => {
  const ingest = startIngest({
    events: shared.store,
    exchange: container.resolve(ports.exchange),
    scheduler: container.resolve(ports.scheduler),
    lease: await container.resolve(ports.leases)('price-stream'),
    symbols: configuration.SYMBOLS,
    acceptedSource: configuration.PRICE_SOURCE,
    streamIntervalMs: configuration.STREAM_INTERVAL_MS,
    pollIntervalMs: configuration.POLL_INTERVAL_SECONDS * 1_000,
    backfillMinutes: configuration.BACKFILL_MINUTES,
    log,
  });
  lifecycle.onStop('ingest', () => ingest.stop());
  registerExchangeGauge(shared.metrics, ingest);
  return { checks: [exchangeCheck(ingest, configuration)] };
};
