import type { BackOff } from '../contracts/back-off.ts';
import type { EventStore } from '../contracts/ports/event-store.ts';
import type { Exchange } from '../contracts/ports/exchange.ts';
import type { Lease } from '../contracts/ports/lease.ts';
import type { Log } from '../contracts/ports/log.ts';
import type { Scheduler } from '../contracts/ports/scheduler.ts';
import { type IngestStatus, newStatus } from './ingest-status.ts';
import { Outage } from './outage.ts';
import { Backfill } from './prices/backfill.ts';
import { Market } from './prices/market.ts';
import { pollPrices } from './prices/minute-poll.ts';
import { PriceRecorder } from './prices/price-recorder.ts';
import { followStream } from './prices/stream-follower.ts';

export interface IngestOptions {
  readonly events: EventStore;
  readonly exchange: Exchange;
  readonly scheduler: Scheduler;
  /** Only its holder appends what the stream says. The minute poll is shared by the schedule. */
  readonly lease: Lease;
  /** As the exchange writes them, e.g. `BTCUSDT`. */
  readonly symbols: readonly string[];
  /** Prices of an exchange by any other name are not recorded. `binance` when absent. */
  readonly acceptedSource?: string;
  /** Stretches of exchange time that hold one streamed tick at most. */
  readonly streamIntervalMs?: number;
  /** The poll's pace by our clock. */
  readonly pollIntervalMs?: number;
  /** How far back candles are asked for where nothing is recorded yet. */
  readonly backfillMinutes?: number;
  readonly log: Log;
  readonly backOff?: BackOff;
}

export interface Ingest {
  readonly status: Readonly<IngestStatus>;
  /** Resolves when nothing of it runs any more. */
  stop(): Promise<void>;
}

const defaults = {
  acceptedSource: 'binance',
  streamIntervalMs: 1_000,
  pollIntervalMs: 60_000,
  backfillMinutes: 60,
  backOff: { baseMs: 500, maxMs: 30_000, random: Math.random },
};

/** Records prices and candles until it is stopped. That the exchange or the store is away only delays it. */
export const startIngest = (given: IngestOptions): Ingest => {
  const options = { ...defaults, ...given };
  const { events, exchange, lease, symbols, acceptedSource, log, backOff, scheduler } = options;
  const status = newStatus();
  const market = new Market({ exchange, lease, symbols, acceptedSource, log, status });
  const recorder = new PriceRecorder(events, acceptedSource, symbols.length);

  const { backfillMinutes, streamIntervalMs, pollIntervalMs } = options;
  const shared = { market, recorder, backOff, status, log };
  const backfill = new Backfill({ ...shared, store: events, source: acceptedSource, backfillMinutes });

  const stop = new AbortController();
  const follower = followStream({ ...shared, backfill, streamIntervalMs }, stop.signal);
  const outage = new Outage(log, 'the minute poll');
  const ask = (signal: AbortSignal) => pollPrices({ ...shared, outage }, signal);
  // At a full minute a little jitter would put two polls into one minute of exchange time, and none into the next.
  const poll = scheduler.every('price-poll', pollIntervalMs, ask, pollIntervalMs / 2);

  return {
    status,
    stop: async () => {
      stop.abort();
      await Promise.all([follower, poll.stop()]);
    },
  };
};
