import fc from 'fast-check';
import { fold } from '../../contracts/decider.ts';
import { applyRule } from '../../contracts/rules.ts';
import { type CandleClosed, candleDecider, type RecordCandle } from './candle.decider.ts';

const candle = (openTimeMs: number, backfilled = false) => ({
  ...{ source: 'binance', symbol: 'BTCUSDT', openTimeMs, backfilled },
  ...{ open: '1.0', high: '2.0', low: '0.5', close: '1.5', volume: '3' },
});
const record = (openTimeMs: number, backfilled = false): RecordCandle => ({
  type: 'record-candle',
  ...candle(openTimeMs, backfilled),
});
const given = (...commands: readonly RecordCandle[]) => {
  let state = candleDecider.initial;
  const events: CandleClosed[] = [];
  for (const command of commands) {
    const decided = applyRule(candleDecider.decide, command, state);
    state = fold(candleDecider, state, decided);
    events.push(...decided);
  }
  return events.map(({ data }) => data);
};

it('records a candle as it came', () => {
  expect(given(record(60_000))).toEqual([candle(60_000)]);
});

it('records a minute once, the first that comes, live or not', () => {
  expect(given(record(60_000, true), record(60_000), record(120_000), record(120_000, true))).toEqual([
    candle(60_000, true),
    candle(120_000),
  ]);
});

it('takes an older minute that is missing', () => {
  expect(given(record(120_000), record(60_000, true))).toEqual([candle(120_000), candle(60_000, true)]);
});

it('keeps of a day one bit a minute', () => {
  const day = Date.UTC(2024, 2, 5);
  const events = Array.from({ length: 1_440 }, (_, minute): CandleClosed => {
    return { type: 'candle.closed', data: candle(day + minute * 60_000) };
  });
  expect(fold(candleDecider, candleDecider.initial, events)).toBe((1n << 1_440n) - 1n);
});

it('has every minute exactly once, whatever comes in whatever order', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(30), fc.boolean())), (minutes) => {
      const recorded = given(...minutes.map(([minute, backfilled]) => record(minute * 60_000, backfilled)));
      const expected = new Set(minutes.map(([minute]) => minute * 60_000));
      expect(recorded.map(({ openTimeMs }) => openTimeMs)).toEqual([...expected]);
    }),
  );
});
