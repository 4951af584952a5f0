import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Decimal } from 'decimal.js';
import { BinanceExchange } from '../../adapters/binance/binance-exchange.ts';
import { InProcessScheduler } from '../../adapters/memory/in-process-scheduler.ts';
import { SqliteEventStore } from '../../adapters/sqlite/sqlite-event-store.ts';
import { SqliteViewStore } from '../../adapters/sqlite/sqlite-view-store.ts';
import { tickStream } from '../../contracts/events/price-events.ts';
import { playback } from '../../exchange-simulator/market/playback.source.ts';
import { startExchangeSimulator } from '../../exchange-simulator/start-exchange-simulator.ts';
import { startIngest } from '../../ingest/ingest.ts';
import type { Ticked } from '../../ingest/prices/tick.decider.ts';
import { type CandleRow, candleKey, candles } from '../../projector/prices/candle.projection.ts';
import { runProjection } from '../../projector/run-projection.ts';
import { collect } from '../support/collect.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const source = 'playback';
const symbol = 'BTCUSDT';
const klines = 'test/support/klines/BTCUSDT-1m-2024-03-05.csv';
const minuteMs = 60_000;
/** Exchange time per real time: the day takes 14 s. */
const speed = 6_000;

const silent = { info: () => undefined, warn: () => undefined };
const closing: (() => void | Promise<void>)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

/** Time and values of a candle; how many zeros are behind a decimal doesn't matter. */
const row = (openTimeMs: number, values: readonly string[]) =>
  [openTimeMs, ...values.map((value) => new Decimal(value).toFixed())].join(',');

it('makes of a day that is played the candles of its file, row by row', async () => {
  const directory = temporaryDirectory();
  closing.push(directory.remove);
  const events = new SqliteEventStore(join(directory.path, 'events.db'));
  closing.push(() => events.close());
  const views = new SqliteViewStore(join(directory.path, 'views.db'));
  closing.push(() => views.close());
  const errors: unknown[] = [];
  const log = { ...silent, error: (...line: readonly unknown[]) => void errors.push(line) };

  const stop = new AbortController();
  const projection = runProjection({ projection: candles, events, views, log, signal: stop.signal });
  closing.push(async () => {
    stop.abort();
    await projection.ended;
  });
  const simulator = await startExchangeSimulator({
    name: source,
    source: playback({ klines, symbol, speed, waitForPlay: true }),
  });
  closing.push(() => simulator.stop());
  const exchange = new BinanceExchange(simulator);
  closing.push(() => exchange.close());
  const ingest = startIngest({
    ...{ events, exchange, symbols: [symbol], acceptedSource: source, log },
    scheduler: new InProcessScheduler((...line) => log.error(...line)),
    lease: { held: () => true },
    // What the poll sees is ahead of what the stream has sent, here by minutes of exchange time; those have no ticks.
    pollIntervalMs: 1_000,
  });
  closing.push(() => ingest.stop());
  await eventually(() => ingest.status.connected);
  simulator.play();

  const expected = readFileSync(klines, 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(','))
    .map(([openTime, ...values]) => row(Number(openTime), values));
  const firstMs = Number(expected[0]!.split(',')[0]);
  const last = candleKey(source, symbol, firstMs + (expected.length - 1) * minuteMs);
  await eventually(() => views.get(candles, last), 60_000);

  const found = await views.find(candles, { from: `${source}/${symbol}/`, limit: 2_000 });
  const seen = found.map(({ value }) => {
    const { openTime, open, high, low, close, volume } = value as CandleRow;
    return row(Date.parse(openTime), [open, high, low, close, volume]);
  });
  expect(expected).toHaveLength(1_440);
  expect(seen).toEqual(expected);
  // Heard live, but for the first minutes that passed while the past was asked for: more of them on a slower machine.
  const backfilled = found.flatMap(({ value }, index) => ((value as CandleRow).backfilled ? [index] : []));
  expect(backfilled.length).toBeLessThan(expected.length / 2);

  const recorded = await collect(events.read(tickStream(source, symbol, firstMs)));
  const ticks = recorded.map(({ data }) => data as Ticked['data']);
  const times = ticks.map(({ timeMs }) => timeMs);
  expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
  const streamed = ticks.filter(({ origin }) => origin === 'stream');
  expect(new Set(streamed.map(({ timeMs }) => Math.floor(timeMs / minuteMs))).size).toBeGreaterThan(100);
  for (const { timeMs, price } of streamed) {
    // A second's price is told when the second is over.
    const { value } = found[Math.floor((timeMs - 1 - firstMs) / minuteMs)]!;
    const { low, high } = value as CandleRow;
    expect(new Decimal(price).gte(low) && new Decimal(price).lte(high)).toBe(true);
  }
  expect(errors).toEqual([]);
}, 90_000);
