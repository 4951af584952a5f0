import { minuteMs, minuteOf, type Trade } from './candle.ts';
import { type Fixed, toFixed } from './fixed-point.ts';
import type { MarketSource } from './market-source.ts';
import { hash, seedOf, walkAt } from './noise.ts';

export interface WalkOptions {
  /** The same seed tells the same story, also after a restart. */
  readonly seed: string | number;
  /** Prices stay around `startPrice`, a decimal with as many places as the price is to have. */
  readonly symbols: readonly { readonly symbol: string; readonly startPrice: string }[];
  /** How much past there is when it starts, in whole minutes. Default one day. */
  readonly historyMinutes?: number;
  /** Unix milliseconds. */
  readonly clock?: () => number;
}

/** One trade in each slot, somewhere in it. */
const slotMs = 2_000;
/** How far the walk leads away from the start price at most. */
const reach = 0.08;
const smallestQuantity = toFixed('0.00001');

const placesOf = (price: string) => price.split('.')[1]?.length ?? 0;

interface Walker {
  readonly symbol: string;
  readonly seed: number;
  readonly referencePrice: Fixed;
  readonly tickSize: Fixed;
  readonly startTicks: number;
}

const tradeAt = ({ symbol, seed, tickSize, startTicks }: Walker, slot: number): Trade => {
  const chance = hash(seed ^ 0x5bd1e995, slot);
  const timeMs = slot * slotMs + (chance % slotMs);
  const ticks = Math.max(1, Math.round(startTicks * (1 + reach * walkAt(seed, timeMs))));
  return {
    symbol,
    id: slot,
    price: BigInt(ticks) * tickSize,
    quantity: BigInt(1 + (hash(seed ^ 0x2545f491, slot) % 50_000)) * smallestQuantity,
    timeMs,
    buyerIsMaker: chance >= 2 ** 31,
  };
};

/** Invented prices in real time, with a past. Whole ticks throughout: every price is a multiple of its tick size. */
export const walk = (options: WalkOptions): MarketSource => {
  const { seed, symbols, historyMinutes = 1440, clock = Date.now } = options;
  const walkers = symbols.map(({ symbol, startPrice }): Walker => {
    const referencePrice = toFixed(startPrice);
    const tickSize = 10n ** BigInt(8 - placesOf(startPrice));
    const startTicks = Number(referencePrice / tickSize);
    return { symbol, seed: seedOf(`${seed}/${symbol}`), referencePrice, tickSize, startTicks };
  });
  const bySymbol = new Map(walkers.map((walker) => [walker.symbol, walker]));
  let latestMs = clock();
  return {
    symbols: walkers,
    firstMinuteMs: minuteOf(latestMs) - historyMinutes * minuteMs,
    endMs: Number.POSITIVE_INFINITY,
    // A machine's clock may be set back; the exchange's is not.
    now: () => {
      latestMs = Math.max(latestMs, clock());
      return latestMs;
    },
    play: () => undefined,
    trades: (symbol, openTimeMs) => {
      const walker = bySymbol.get(symbol);
      if (!walker) return [];
      return Array.from({ length: minuteMs / slotMs }, (_, index) => tradeAt(walker, openTimeMs / slotMs + index));
    },
  };
};
