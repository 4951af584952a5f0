import { BinanceExchange } from '../adapters/binance/binance-exchange.ts';
import { InProcessScheduler } from '../adapters/memory/in-process-scheduler.ts';
import { MemoryEventStore } from '../adapters/memory/memory-event-store.ts';
import { DomainError } from '../contracts/errors.ts';
import type { ExpectedRevision, NewEvent } from '../contracts/ports/event-store.ts';
import type { Scheduler } from '../contracts/ports/scheduler.ts';
import { playback } from '../exchange-simulator/market/playback.source.ts';
import { walk } from '../exchange-simulator/market/walk.source.ts';
import { type ExchangeSimulator, startExchangeSimulator } from '../exchange-simulator/start-exchange-simulator.ts';
import { collect } from '../test/support/collect.ts';
import { eventually } from '../test/support/eventually.ts';
import { type Ingest, type IngestOptions, startIngest } from './ingest.ts';
import type { CandleClosed } from './prices/candle.decider.ts';

const symbol = 'BTCUSDT';
const minuteMs = 60_000;
const start = Date.UTC(2024, 2, 5);
const day = '2024-03-05';
const backOff = { baseMs: 10, maxMs: 50, random: Math.random };
const klines = 'test/support/klines/BTCUSDT-1m-2024-03-05.csv';

class Store extends MemoryEventStore {
  away = false;
  override async append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]) {
    if (this.away) throw new DomainError('store-unavailable');
    return super.append(stream, expected, events);
  }
}

let simulator: ExchangeSimulator;
let store: Store;
const open: (() => Promise<void>)[] = [];
const logged: { level: string; fields: Readonly<Record<string, unknown>>; message: string }[] = [];
const writer = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string) =>
  void logged.push({ level, fields, message });
const log = { info: writer('info'), warn: writer('warn'), error: writer('error') };
const lines = (message: string) => logged.filter((line) => line.message.includes(message));

/** Plays the day, a minute in `1 / minutesPerSecond` of a second. */
const play = async (minutesPerSecond = 10, name = 'player') => {
  simulator = await startExchangeSimulator({
    name,
    source: playback({ klines, symbol, speed: minutesPerSecond * 60, waitForPlay: true }),
  });
  open.unshift(() => simulator.stop());
};
const ingest = (options: Partial<IngestOptions> = {}): Ingest => {
  const { restUrl, webSocketUrl } = simulator;
  const limits = { failures: 1_000 };
  const exchange = new BinanceExchange({ restUrl, webSocketUrl, timeoutMs: 200, backOff, limits });
  const started = startIngest({
    ...{ events: store, exchange, symbols: [symbol], acceptedSource: 'player', log, backOff },
    scheduler: new InProcessScheduler((_, error) => log.error({ error }, 'a run failed')),
    lease: { held: () => true },
    pollIntervalMs: 50,
    ...options,
  });
  open.push(async () => {
    await started.stop();
    exchange.close();
  });
  return started;
};
const candles = async (): Promise<readonly CandleClosed['data'][]> =>
  (await collect(store.read(`candles-player-${symbol}-${day}`))).map(({ data }) => data as CandleClosed['data']);
const ticks = async () =>
  (await collect(store.read(`ticks-player-${symbol}-${day}`))).map(
    ({ data }) => data as { timeMs: number; origin: string; price: string },
  );
/** Whether the first `count` minutes have a candle each. */
const complete = async (count: number) => {
  const openTimes = new Set((await candles()).map(({ openTimeMs }) => openTimeMs));
  return Array.from({ length: count }, (_, index) => start + index * minuteMs).every((at) => openTimes.has(at));
};

/** A schedule of which every run happens in another process. */
const elsewhere: Scheduler = { every: () => ({ stop: async () => {} }) };

beforeEach(() => {
  store = new Store();
  logged.length = 0;
});
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

it('records live candles and ticks of rising time', async () => {
  await play();
  const { status } = ingest();
  await eventually(() => status.connected && status.lastTickAt[symbol]);
  simulator.play();
  await eventually(() => complete(5));
  expect((await candles()).filter(({ backfilled }) => backfilled)).toEqual([]);
  const recorded = await ticks();
  const times = recorded.map(({ timeMs }) => timeMs);
  expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
  expect(new Set(recorded.map(({ origin }) => origin))).toEqual(new Set(['poll', 'stream']));
  // The poll comes twice in a minute of exchange time.
  const polled = recorded.filter(({ origin }) => origin === 'poll').map(({ timeMs }) => Math.floor(timeMs / minuteMs));
  expect(new Set(polled).size).toBe(polled.length);
  expect(status).toMatchObject({ connected: true, source: 'player', lastMessageAt: expect.any(Date) });
  expect(logged).toEqual([]);
});

it('polls half an interval off the full one, where jitter cannot put two polls into one minute', async () => {
  await play();
  const phases: (number | undefined)[] = [];
  const scheduler = new InProcessScheduler(() => undefined);
  const every: Scheduler['every'] = (name, intervalMs, job, phaseMs) => {
    phases.push(phaseMs);
    return scheduler.every(name, intervalMs, job, phaseMs);
  };
  ingest({ pollIntervalMs: minuteMs, scheduler: { every } });
  expect(phases).toEqual([minuteMs / 2]);
});

it('asks for the past at the first start, no further back than it was told', async () => {
  const noon = start + 720 * minuteMs;
  const symbols = [{ symbol, startPrice: '68000.00' }];
  const source = walk({ seed: 1, symbols, historyMinutes: 120, clock: () => noon });
  simulator = await startExchangeSimulator({ name: 'player', source });
  open.unshift(() => simulator.stop());
  ingest({ backfillMinutes: 60 });
  await eventually(() => lines('missing candles recorded').length > 0);
  expect((await candles()).map(({ openTimeMs, backfilled }) => ({ openTimeMs, backfilled }))).toEqual(
    Array.from({ length: 60 }, (_, index) => ({ openTimeMs: noon + (index - 60) * minuteMs, backfilled: true })),
  );
});

it('survives that the exchange goes away, and fills the gap when it is back', async () => {
  await play(20);
  const { status } = ingest();
  await eventually(() => status.connected);
  simulator.play();
  await eventually(() => complete(3));
  simulator.faults.refuseConnections();
  simulator.faults.dropSockets();
  simulator.faults.answer(503);
  await eventually(() => !status.connected);
  const gone = simulator.now();
  await eventually(() => simulator.now() > gone + 10 * minuteMs);
  expect(Math.max(...(await candles()).map(({ openTimeMs }) => openTimeMs))).toBeLessThan(gone);
  simulator.faults.heal();
  await eventually(() => complete(20));
  const backfilled = (await candles()).filter((candle) => candle.backfilled);
  expect(backfilled.length).toBeGreaterThanOrEqual(9);
  expect(Math.min(...backfilled.map(({ openTimeMs }) => openTimeMs))).toBeGreaterThan(gone - 2 * minuteMs);
  expect(status).toMatchObject({ connected: true, lastError: 'exchange-unavailable' });
  for (const line of ['price stream is away', 'price stream is back']) {
    expect({ line, times: lines(line).length }).toEqual({ line, times: 1 });
  }
});

it('says once that the poll is away, and that it is back, while the stream delivers', async () => {
  await play(20);
  const { status } = ingest();
  await eventually(() => status.connected && status.lastTickAt[symbol]);
  simulator.faults.answer(503);
  await eventually(() => lines('the minute poll is away').length > 0);
  simulator.faults.heal();
  await eventually(() => lines('the minute poll is back').length > 0);
  expect(status).toMatchObject({ connected: true, lastError: 'exchange-unavailable' });
  expect(lines('the minute poll is away').map(({ level }) => level)).toEqual(['warn']);
});

it('starts though the exchange is away', async () => {
  await play();
  simulator.faults.refuseConnections();
  const { status } = ingest();
  await eventually(() => status.lastError === 'exchange-unavailable');
  simulator.faults.heal();
  await eventually(() => status.connected && status.lastTickAt[symbol]);
});

it('loses no candle while the store is away', async () => {
  await play(20);
  const { status } = ingest();
  await eventually(() => status.connected);
  simulator.play();
  await eventually(() => complete(2));
  store.away = true;
  const gone = simulator.now();
  await eventually(() => simulator.now() > gone + 10 * minuteMs && status.lastError === 'store-unavailable');
  store.away = false;
  await eventually(() => complete(15));
  expect(lines('the recording of prices is away')).toHaveLength(1);
  expect(lines('the recording of prices is back')).toHaveLength(1);
});

it('goes on after a restart where the last process stopped', async () => {
  await play(20);
  const first = ingest();
  await eventually(() => first.status.connected);
  simulator.play();
  await eventually(() => complete(2));
  await first.stop();
  const gone = simulator.now();
  await eventually(() => simulator.now() > gone + 5 * minuteMs);
  ingest({ backfillMinutes: 0 });
  await eventually(() => complete(10));
});

it('records nothing of an exchange by another name, and says so once', async () => {
  await play(20, 'stranger');
  const { status } = ingest({ acceptedSource: 'binance' });
  await eventually(() => status.connected);
  simulator.play();
  await eventually(() => status.lastMessageAt && simulator.now() > start + 5 * minuteMs);
  expect(await store.head()).toBe(0n);
  expect(lines('PRICE_SOURCE=stranger')).toMatchObject([{ level: 'error' }]);
  expect(status.source).toBe('stranger');
});

it('appends nothing of the stream without the lease, and everything that was missed once it is held', async () => {
  await play(20);
  let held = false;
  const { status } = ingest({ lease: { held: () => held }, scheduler: elsewhere, backfillMinutes: 60 });
  await eventually(() => status.connected);
  simulator.play();
  await eventually(() => status.lastMessageAt && simulator.now() > start + 5 * minuteMs);
  expect(await store.head()).toBe(0n);
  expect(status).toMatchObject({ connected: true, source: 'player', lastTickAt: {} });
  held = true;
  await eventually(() => complete(10));
});

it('polls where the schedule says, beside the process that records the stream', async () => {
  await play(10);
  const streaming = ingest({ scheduler: elsewhere });
  const polling = ingest({ lease: { held: () => false } });
  await eventually(() => streaming.status.connected && polling.status.lastTickAt[symbol]);
  simulator.play();
  await eventually(() => complete(10));
  const recorded = await ticks();
  const times = recorded.map(({ timeMs }) => timeMs);
  expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
  expect(new Set(recorded.map(({ origin }) => origin))).toEqual(new Set(['poll', 'stream']));
  const polled = recorded.filter(({ origin }) => origin === 'poll').map(({ timeMs }) => Math.floor(timeMs / minuteMs));
  expect(new Set(polled).size).toBe(polled.length);
  const openTimes = (await candles()).map(({ openTimeMs }) => openTimeMs);
  expect(new Set(openTimes).size).toBe(openTimes.length);
  expect(logged).toEqual([]);
});

it('goes on without a symbol that nobody trades, and says so once', async () => {
  await play(20);
  const { status } = ingest({ symbols: ['NOPE', symbol] });
  simulator.play();
  await eventually(() => status.lastTickAt[symbol]);
  await eventually(() => complete(5));
  expect(lines('does not trade')).toMatchObject([{ level: 'error', fields: { symbol: 'NOPE' } }]);
});
