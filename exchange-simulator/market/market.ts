import { type Candle, flatCandle, foldTrade, minuteMs, type Trade } from './candle.ts';
import type { Fixed } from './fixed-point.ts';
import type { MarketSource, MarketSymbol } from './market-source.ts';

const secondMs = 1000;

/** Hears what happens, each thing once and in order of exchange time. */
export interface MarketListener {
  traded(trade: Trade): void;
  /** A minute is over. Every symbol that ever traded has its candle, with trades or without. */
  candleClosed(symbol: string, candle: Candle): void;
  /** A second of exchange time is over; a candle that closed with it was told of before. */
  secondPassed(timeMs: number): void;
}

interface Book {
  readonly symbol: MarketSymbol;
  /** One a minute without gaps; the last is open unless the market is over. */
  readonly candles: Candle[];
}

/**
 * The one model that every answer comes from: it takes the source's trades as their time comes and folds them into
 * candles, so that prices, klines and streams can't disagree.
 */
export class Market {
  readonly #source: MarketSource;
  readonly #books: ReadonlyMap<string, Book>;
  #trades: readonly Trade[] = [];
  #nextTrade = 0;
  /** Everything before is done. */
  #secondMs: number;

  constructor(source: MarketSource) {
    this.#source = source;
    this.#books = new Map(source.symbols.map((symbol) => [symbol.symbol, { symbol, candles: [] }]));
    this.#secondMs = source.firstMinuteMs;
    this.#openMinute();
  }

  get symbols(): readonly MarketSymbol[] {
    return this.#source.symbols;
  }

  now(): number {
    return Math.floor(this.#source.now());
  }

  /** Brings the market up to the exchange's clock, in order, however late it is. */
  catchUp(listener?: MarketListener): void {
    const untilMs = Math.min(this.now(), this.#source.endMs);
    while (this.#secondMs < this.#source.endMs) {
      const nextSecondMs = this.#secondMs + secondMs;
      this.#trade(Math.min(untilMs, nextSecondMs - 1), listener);
      if (untilMs < nextSecondMs) return;
      this.#secondMs = nextSecondMs;
      if (nextSecondMs % minuteMs === 0) this.#closeMinute(listener);
      listener?.secondPassed(nextSecondMs);
    }
  }

  /** The last trade's price. */
  price(symbol: string): Fixed {
    const { candles, symbol: known } = this.#book(symbol);
    return candles.at(-1)?.close ?? known.referencePrice;
  }

  /** One-minute candles without gaps, the open one last. */
  candles(symbol: string): readonly Candle[] {
    return this.#book(symbol).candles;
  }

  has(symbol: string): boolean {
    return this.#books.has(symbol);
  }

  #trade(untilMs: number, listener: MarketListener | undefined): void {
    for (;;) {
      const trade = this.#trades[this.#nextTrade];
      if (!trade || trade.timeMs > untilMs) return;
      this.#nextTrade += 1;
      const openTimeMs = trade.timeMs - (trade.timeMs % minuteMs);
      const { candles } = this.#book(trade.symbol);
      const open = candles.pop() ?? flatCandle(openTimeMs, trade.price);
      candles.push(foldTrade(open, trade));
      listener?.traded(trade);
    }
  }

  #closeMinute(listener: MarketListener | undefined): void {
    for (const [symbol, { candles }] of this.#books) {
      const closed = candles.at(-1);
      if (closed) listener?.candleClosed(symbol, closed);
    }
    if (this.#secondMs < this.#source.endMs) this.#openMinute();
  }

  #openMinute(): void {
    for (const { candles } of this.#books.values()) {
      const last = candles.at(-1);
      if (last) candles.push(flatCandle(this.#secondMs, last.close));
    }
    this.#trades = this.symbols
      .flatMap(({ symbol }) => this.#source.trades(symbol, this.#secondMs))
      .sort((a, b) => a.timeMs - b.timeMs);
    this.#nextTrade = 0;
  }

  #book(symbol: string): Book {
    const book = this.#books.get(symbol);
    if (!book) throw new RangeError(`no such symbol: ${symbol}`);
    return book;
  }
}
