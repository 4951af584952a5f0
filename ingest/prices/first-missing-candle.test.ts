import { MemoryEventStore } from '../../adapters/memory/memory-event-store.ts';
import { firstMissingCandle } from './first-missing-candle.ts';
import { PriceRecorder } from './price-recorder.ts';

const minuteMs = 60_000;
const now = Date.UTC(2024, 2, 5, 12);
const earliest = now - 60 * minuteMs;
/** The first missing minute, counted from now, when the candles of `minutes` are there. */
const missing = async (...minutes: readonly number[]) => {
  const store = new MemoryEventStore();
  const klines = minutes.map((minute) => ({
    ...{ symbol: 'AB', openTimeMs: now + minute * minuteMs },
    ...{ open: '1', high: '1', low: '1', close: '1', volume: '1' },
  }));
  await new PriceRecorder(store, 'binance').candles(klines, false);
  return ((await firstMissingCandle(store, 'binance', 'AB', earliest, now)) - now) / minuteMs;
};

it('is the earliest one asked for where nothing is recorded', async () => {
  expect(await missing()).toBe(-60);
});

it('is the one behind the last where there is no gap', async () => {
  expect(await missing(-70, -69, -68)).toBe(-67);
});

it('is found before a candle that was recorded behind the gap, in whatever order', async () => {
  expect(await missing(-1, -70, -69)).toBe(-68);
});

it('is the earliest one asked for when the only candles are younger', async () => {
  expect(await missing(-2, -1)).toBe(-60);
});

it('is found over midnight and days without any candle', async () => {
  expect(await missing(-721, -720, -719)).toBe(-718);
  expect(await missing(-3 * 1440, -1)).toBe(-3 * 1440 + 1);
});

it('is not looked for beyond a week', async () => {
  expect(await missing(-9 * 1440)).toBe(-60);
});
