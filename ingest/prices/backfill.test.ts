import { MemoryEventStore } from '../../adapters/memory/memory-event-store.ts';
import { DomainError } from '../../contracts/errors.ts';
import { candleStream } from '../../contracts/events/price-events.ts';
import type { Exchange, Kline } from '../../contracts/ports/exchange.ts';
import { collect } from '../../test/support/collect.ts';
import { eventually } from '../../test/support/eventually.ts';
import { newStatus } from '../ingest-status.ts';
import { Backfill } from './backfill.ts';
import { Market } from './market.ts';
import { PriceRecorder } from './price-recorder.ts';

const source = 'binance';
const now = Date.UTC(2024, 2, 5, 12);
const minuteMs = 60_000;
const log = (lines: string[]) => {
  const write = (_: unknown, message: string) => void lines.push(message);
  return { info: write, warn: write, error: write };
};

/** Has a candle of every symbol, or says what is wrong with it. */
class Shelf implements Exchange {
  readonly faults = new Map<string, Error>();
  readonly asked: string[] = [];
  source = async () => source;
  time = async () => now;
  prices = async () => [];
  async *klines(symbol: string, fromMs: number): AsyncGenerator<Kline> {
    this.asked.push(symbol);
    const fault = this.faults.get(symbol);
    if (fault) throw fault;
    yield { symbol, openTimeMs: fromMs, open: '1', high: '1', low: '1', close: '1', volume: '1' };
  }
  async *follow() {}
}

let backfill: Backfill;
const started = (exchange: Exchange, symbols: readonly string[]) => {
  const lines: string[] = [];
  const store = new MemoryEventStore();
  const shared = { log: log(lines), status: newStatus() };
  const market = new Market({ ...shared, exchange, symbols, lease: { held: () => true }, acceptedSource: source });
  const recorder = new PriceRecorder(store, source, symbols.length);
  const backOff = { baseMs: 1, maxMs: 5, random: Math.random };
  backfill = new Backfill({ ...shared, market, recorder, store, source, backfillMinutes: 1, backOff });
  backfill.start();
  const recorded = async (symbol: string) =>
    (await collect(store.read(candleStream(source, symbol, now - minuteMs)))).length;
  return { lines, recorded };
};
afterEach(() => backfill.stop());

it('goes on to the next symbol when one always fails, comes back to it, and says so once', async () => {
  const exchange = new Shelf();
  exchange.faults.set('A', new DomainError('exchange-unavailable'));
  const { lines, recorded } = started(exchange, ['A', 'B']);
  await eventually(async () => (await recorded('B')) === 1);
  await eventually(() => exchange.asked.length >= 5);
  exchange.faults.clear();
  await eventually(() => lines.includes('the backfill is back'));
  expect(await recorded('A')).toBe(1);
  expect(exchange.asked.filter((symbol) => symbol === 'B')).toHaveLength(1);
  expect(lines.filter((line) => line.startsWith('the backfill is'))).toEqual([
    'the backfill is away',
    'the backfill is back',
  ]);
});

it.each([new DomainError('unknown-symbol'), new Error('a bug')])('asks no more after %s', async (fault) => {
  const exchange = new Shelf();
  exchange.faults.set('A', fault);
  exchange.faults.set('B', new DomainError('exchange-unavailable'));
  const { lines } = started(exchange, ['A', 'B']);
  await eventually(() => exchange.asked.length >= 4);
  exchange.faults.delete('B');
  await eventually(() => lines.includes('the backfill is back'));
  expect(exchange.asked.filter((symbol) => symbol === 'A')).toHaveLength(1);
});

it('waits between its rounds no shorter than it was asked to', async () => {
  const exchange = new Shelf();
  exchange.faults.set('A', new DomainError('exchange-unavailable', { retryAfterSeconds: 0.1 }));
  const startedMs = performance.now();
  started(exchange, ['A']);
  await eventually(() => exchange.asked.length === 3);
  expect(performance.now() - startedMs).toBeGreaterThan(195);
});
