import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { type Candle, minuteMs, type Trade } from './candle.ts';
import { printFixed, toFixed } from './fixed-point.ts';
import { intervalsMs, klines } from './klines.ts';
import type { KlineRow } from './klines-csv.ts';
import { Market } from './market.ts';
import type { MarketSource } from './market-source.ts';
import { playback } from './playback.source.ts';
import { walk } from './walk.source.ts';

/** Hears everything that the source has to tell, with the clock moved by the steps given. */
const hear = (source: MarketSource, setClock: (timeMs: number) => void, timesMs: readonly number[]) => {
  const trades: Trade[] = [];
  const closed: Candle[] = [];
  const seconds: number[] = [];
  const market = new Market(source);
  for (const timeMs of timesMs) {
    setClock(timeMs);
    market.catchUp({
      traded: (trade) => trades.push(trade),
      candleClosed: (_symbol, candle) => closed.push(candle),
      secondPassed: (secondMs) => seconds.push(secondMs),
    });
  }
  return { market, trades, closed, seconds };
};

/** Folded anew, by another arithmetic than the market's. */
const fold = (trades: readonly Trade[], openTimeMs: number, intervalMs = minuteMs) => {
  const own = trades.filter(({ timeMs }) => timeMs >= openTimeMs && timeMs < openTimeMs + intervalMs);
  const prices = own.map(({ price }) => new Decimal(printFixed(price)));
  const total = own.reduce((sum, { quantity }) => sum.plus(printFixed(quantity)), new Decimal(0));
  return [prices[0]!, Decimal.max(...prices), Decimal.min(...prices), prices.at(-1)!, total].map((value) =>
    value.toFixed(8),
  );
};

const values = ({ open, high, low, close, volume }: Omit<KlineRow, 'openTimeMs'>) =>
  [open, high, low, close, volume].map(printFixed);

const startMs = Date.UTC(2026, 0, 5, 10);
const steps = fc.array(fc.integer({ min: 1, max: 150_000 }), { minLength: 3, maxLength: 15 });

const startWalk = (seed: number, price: string) => {
  let timeMs = startMs;
  const source = walk({
    seed,
    symbols: [{ symbol: 'BTCUSDT', startPrice: price }],
    historyMinutes: 0,
    clock: () => timeMs,
  });
  const setClock = (to: number) => {
    timeMs = to;
  };
  return { source, setClock };
};

const walked = (seed: number, price: string, stepsMs: readonly number[]) => {
  const { source, setClock } = startWalk(seed, price);
  let timeMs = startMs;
  const timesMs = stepsMs.map((stepMs) => {
    timeMs += stepMs;
    return timeMs;
  });
  return { ...hear(source, setClock, timesMs), timeMs };
};

const prices = fc.constantFrom('67187.34', '0.08215', '3150.2', '142');

describe('the walk', () => {
  it('has candles that are exactly its trades, whatever the pace', () => {
    fc.assert(
      fc.property(fc.integer(), prices, steps, (seed, price, stepsMs) => {
        const { market, trades, closed, timeMs } = walked(seed, price, stepsMs);
        const candles = market.candles('BTCUSDT');
        expect(closed).toEqual(candles.slice(0, -1));
        expect(closed.map(({ openTimeMs }) => openTimeMs)).toEqual(
          Array.from({ length: Math.floor((timeMs - startMs) / minuteMs) }, (_, index) => startMs + index * minuteMs),
        );
        const traded = candles.filter((candle) => candle.trades > 0);
        expect(traded.map(values)).toEqual(traded.map(({ openTimeMs }) => fold(trades, openTimeMs)));
        if (trades.length > 0) expect(market.price('BTCUSDT')).toBe(trades.at(-1)!.price);
      }),
      { numRuns: 60 },
    );
  });

  it('tells the same story at any pace, in order, each trade once', () => {
    fc.assert(
      fc.property(fc.integer(), steps, (seed, stepsMs) => {
        const many = walked(seed, '67187.34', stepsMs);
        const once = walked(seed, '67187.34', [stepsMs.reduce((sum, stepMs) => sum + stepMs, 0)]);
        expect(many.trades).toEqual(once.trades);
        expect(many.seconds).toEqual(once.seconds);
        const ids = many.trades.map(({ id }) => id);
        expect(ids).toEqual(ids.map((_, index) => ids[0]! + index));
        const timesMs = many.trades.map((trade) => trade.timeMs);
        expect(timesMs).toEqual(timesMs.toSorted((a, b) => a - b));
      }),
      { numRuns: 40 },
    );
  });

  it('moves in whole ticks, and not the same for every seed and symbol', () => {
    const symbols = ['BTCUSDT', 'ETHUSDT'].map((symbol) => ({ symbol, startPrice: '67187.5' }));
    const closes = ['a', 'b'].flatMap((seed) => {
      const market = new Market(walk({ seed, symbols, historyMinutes: 600, clock: () => startMs }));
      market.catchUp();
      return symbols.map(({ symbol }) => market.candles(symbol).map(({ close }) => printFixed(close)));
    });
    expect(new Set(closes.map((list) => list.join())).size).toBe(4);
    expect(closes.flat().every((close) => /^\d+\.\d0{7}$/.test(close))).toBe(true);
    expect(closes.every((list) => new Set(list).size > 100)).toBe(true);
  });
});

/** Rows that trades can make, some minutes missing. */
const rows = fc
  .array(
    fc.record({
      skip: fc.integer({ min: 0, max: 2 }),
      prices: fc.array(fc.bigInt({ min: 1n, max: 10n ** 14n }), { minLength: 4, maxLength: 4 }),
      rising: fc.boolean(),
      volume: fc.bigInt({ min: 4n, max: 10n ** 13n }),
    }),
    { minLength: 1, maxLength: 20 },
  )
  .map((minutes): KlineRow[] => {
    let openTimeMs = startMs - minuteMs;
    return minutes.map(({ skip, prices: given, rising, volume }) => {
      openTimeMs += minuteMs * (1 + skip);
      const [low, a, b, high] = given.toSorted((x, y) => (x < y ? -1 : 1)) as [bigint, bigint, bigint, bigint];
      return { openTimeMs, open: rising ? a : b, high, low, close: rising ? b : a, volume };
    });
  });

describe('the playback', () => {
  it('has trades whose fold is each row, and a flat candle where a minute is missing', () => {
    fc.assert(
      fc.property(rows, (given) => {
        const source = playback({ klines: given, symbol: 'BTCUSDT', waitForPlay: true });
        let timeMs = 0;
        const setClock = (to: number) => {
          timeMs = to;
        };
        const { trades, closed } = hear({ ...source, now: () => timeMs }, setClock, [startMs, source.endMs + 999_999]);
        expect(closed).toHaveLength((source.endMs - given[0]!.openTimeMs) / minuteMs);
        for (const [index, candle] of closed.entries()) {
          expect(candle.openTimeMs).toBe(given[0]!.openTimeMs + index * minuteMs);
          const row = given.find(({ openTimeMs }) => openTimeMs === candle.openTimeMs);
          const { close } = closed[index - 1] ?? candle;
          const expected = row ?? { open: close, high: close, low: close, close, volume: 0n };
          expect(values(candle)).toEqual(values(expected));
          if (row) expect(fold(trades, row.openTimeMs)).toEqual(values(row));
        }
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['no rows', []],
    ['a low above the open', [{ open: '1', high: '2', low: '1.5', close: '2', volume: '1' }]],
    ['a volume too small to trade', [{ open: '1', high: '2', low: '1', close: '2', volume: '0.00000003' }]],
  ])('refuses %s', (_what, given) => {
    const klines = given.map((row) => ({
      openTimeMs: startMs,
      open: toFixed(row.open),
      high: toFixed(row.high),
      low: toFixed(row.low),
      close: toFixed(row.close),
      volume: toFixed(row.volume),
    }));
    expect(() => playback({ klines, symbol: 'BTCUSDT' })).toThrow(RangeError);
  });
});

describe('longer klines', () => {
  const { market, trades } = walked(7, '67187.34', [26 * 60 * minuteMs + 12_345]);

  it.each([...intervalsMs])('of %s are the trades of that long', (_name, intervalMs) => {
    const range = { intervalMs, startTimeMs: startMs - 1, endTimeMs: undefined, limit: 5 };
    const candles = klines(market.candles('BTCUSDT'), range);
    expect(candles.length).toBeGreaterThan(0);
    for (const candle of candles) {
      expect(candle.openTimeMs % intervalMs).toBe(0);
      expect(values(candle)).toEqual(fold(trades, candle.openTimeMs, intervalMs));
    }
  });
});
