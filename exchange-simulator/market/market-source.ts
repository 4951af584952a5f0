import type { Trade } from './candle.ts';
import type { Fixed } from './fixed-point.ts';

export interface MarketSymbol {
  /** As Binance writes it, e.g. `BTCUSDT`. */
  readonly symbol: string;
  /** What is answered as the price until the first trade. */
  readonly referencePrice: Fixed;
  readonly tickSize: Fixed;
}

/** Where trades come from. All times are exchange time in Unix milliseconds. */
export interface MarketSource {
  readonly symbols: readonly MarketSymbol[];
  /** Open time of the first minute with trades. */
  readonly firstMinuteMs: number;
  /** From here on the market is quiet for good; `Infinity` when it never is. */
  readonly endMs: number;
  /** The exchange's clock. Never goes back. */
  now(): number;
  /** Lets the clock run, for a source that waits for it; nothing the second time. */
  play(): void;
  /** The trades of one minute, in order of time; the same however often it is asked. */
  trades(symbol: string, openTimeMs: number): readonly Trade[];
}
