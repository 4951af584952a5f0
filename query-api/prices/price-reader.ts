import { DomainError } from '../../contracts/errors.ts';
import type { MaybePrice } from '../../contracts/http/price-operations.ts';
import type { Cache } from '../../contracts/ports/cache.ts';
import type { Position } from '../../contracts/ports/event-store.ts';
import type { ViewRow, ViewStore } from '../../contracts/ports/view-store.ts';
import {
  type LatestPrice,
  latestPriceKey,
  latestPrices,
  priceCacheKey,
} from '../../projector/prices/latest-price.projection.ts';
import type { ViewProgress } from '../../runtime/view-progress.ts';
import { waitForMinimum } from '../wait-for-minimum.ts';

export interface PriceReaderOptions {
  readonly views: ViewStore;
  readonly progress: ViewProgress;
  readonly cache: Cache;
  /** The symbols that are followed. */
  readonly symbols: readonly string[];
  /** The only one whose prices are shown. */
  readonly source: string;
  /** A price counts as stale when it is older. Milliseconds. */
  readonly staleAfterMs?: number | undefined;
  /** How long a price that was read from the view stays in the cache. */
  readonly cacheTtlSeconds?: number | undefined;
  /** Hears where each price was found. */
  readonly onLookup?: ((found: 'memory' | 'cache' | 'view' | 'nowhere') => void) | undefined;
  /** Unix time in milliseconds. */
  readonly now?: (() => number) | undefined;
}

/** An answer that may be sent as it is for a while. */
export interface Ready<Value> {
  readonly value: Value;
  /** JSON of the value. */
  readonly bytes: string;
  /** Nothing up to here is missing in it. */
  readonly position: Position;
  /** Unix time in milliseconds. */
  readonly goodUntilMs: number;
}

type PriceRow = Pick<ViewRow<LatestPrice>, 'value' | 'position'>;

export interface ReadyPrice extends Ready<MaybePrice> {
  /** Of the event that brought the price; undefined while there is none. */
  readonly pricedAt: Position | undefined;
}

/** So that what another process has written is soon seen. */
const memoMs = 1_000;
const earlier = (one: Position, other: Position): Position => (one < other ? one : other);

/** The latest prices: from this process's memory, the cache, or the view, and from nowhere else. */
export class PriceReader {
  readonly #options: PriceReaderOptions;
  readonly #staleAfterMs: number;
  readonly #now: () => number;
  readonly #symbols: ReadonlySet<string>;
  readonly #ready = new Map<string, ReadyPrice>();
  readonly #loading = new Map<string, Promise<ReadyPrice>>();
  /** The latest position seen or heard of: what is older is outdated. */
  readonly #known = new Map<string, Position>();
  #all: Ready<readonly MaybePrice[]> | undefined;

  constructor(options: PriceReaderOptions) {
    this.#options = options;
    this.#staleAfterMs = options.staleAfterMs ?? 150_000;
    this.#now = options.now ?? Date.now;
    this.#symbols = new Set(options.symbols);
  }

  /** Somebody has heard that there is a price at this position: an older one is not shown any more. */
  announce(symbol: string, position: Position): void {
    if (!this.#symbols.has(symbol) || position <= this.#knownOf(symbol)) return;
    this.#known.set(symbol, position);
    this.#ready.delete(symbol);
    // Who asks from now on does not get what was looked up before.
    this.#loading.delete(symbol);
    this.#all = undefined;
  }

  /** Those that are followed, in their configured order. */
  get symbols(): readonly string[] {
    return this.#options.symbols;
  }

  /** Where `source` is another one, or the symbol is not followed, the subject is none of ours. */
  symbolOf(subject: string): string | undefined {
    const [source, symbol = ''] = subject.split('/');
    return source === this.#options.source && this.#symbols.has(symbol) ? symbol : undefined;
  }

  /**
   * The symbol's price; nulls in it while there is none.
   * @throws DomainError 'unknown-symbol', 'view-behind', 'store-unavailable'
   */
  async read(symbol: string, minimum?: Position): Promise<ReadyPrice> {
    const ready = this.#ready.get(symbol);
    if (ready && this.#holds(ready, minimum)) {
      this.#options.onLookup?.('memory');
      return ready;
    }
    if (!this.#symbols.has(symbol)) throw new DomainError('unknown-symbol');
    if (minimum !== undefined) return this.#fromView(symbol, minimum);
    return this.#loading.get(symbol) ?? this.#loadForAll(symbol);
  }

  /** The prices of all symbols, in their configured order. @throws DomainError 'view-behind', 'store-unavailable' */
  async readAll(minimum?: Position): Promise<Ready<readonly MaybePrice[]>> {
    if (this.#all && this.#holds(this.#all, minimum)) {
      this.#options.onLookup?.('memory');
      return this.#all;
    }
    const each = await Promise.all(this.#options.symbols.map((symbol) => this.read(symbol, minimum)));
    const all = {
      value: each.map(({ value }) => value),
      bytes: `[${each.map(({ bytes }) => bytes).join(',')}]`,
      position: each.map(({ position }) => position).reduce(earlier, each[0]?.position ?? 0n),
      goodUntilMs: Math.min(...each.map(({ goodUntilMs }) => goodUntilMs)),
    };
    // A price that was announced meanwhile is not in it.
    if (this.#options.symbols.every((symbol, index) => this.#ready.get(symbol) === each[index])) this.#all = all;
    return all;
  }

  #holds({ goodUntilMs, position }: Ready<unknown>, minimum: Position | undefined): boolean {
    return this.#now() < goodUntilMs && (minimum === undefined || position >= minimum);
  }

  /** Once for all who ask meanwhile. */
  #loadForAll(symbol: string): Promise<ReadyPrice> {
    const loading = this.#load(symbol).finally(() => {
      if (this.#loading.get(symbol) === loading) this.#loading.delete(symbol);
    });
    this.#loading.set(symbol, loading);
    return loading;
  }

  async #load(symbol: string): Promise<ReadyPrice> {
    const { cache, progress, source } = this.#options;
    const entry = await cache.get(priceCacheKey(symbol, source, progress.served.of(latestPrices)));
    if (!entry || entry.position < this.#knownOf(symbol)) return this.#fromView(symbol, undefined);
    this.#options.onLookup?.('cache');
    return this.#keep(symbol, { value: JSON.parse(entry.value), position: entry.position }, entry.position);
  }

  async #fromView(symbol: string, minimum: Position | undefined): Promise<ReadyPrice> {
    const { views, progress, cache, source, cacheTtlSeconds = 120, onLookup } = this.#options;
    const view = await waitForMinimum(progress, latestPrices, minimum);
    const row = await views.get(view, latestPriceKey(symbol, source));
    onLookup?.(row ? 'view' : 'nowhere');
    if (row) {
      const entry = { value: JSON.stringify(row.value), position: row.position };
      await cache.putIfNewer(priceCacheKey(symbol, source, view), entry, cacheTtlSeconds);
    }
    const seen = row && row.position > (minimum ?? 0n) ? row.position : (minimum ?? 0n);
    return this.#keep(symbol, row as PriceRow | undefined, seen);
  }

  #keep(symbol: string, row: PriceRow | undefined, position: Position): ReadyPrice {
    const now = this.#now();
    const staleFromMs = row ? Date.parse(row.value.asOf) + this.#staleAfterMs + 1 : now;
    const { price = null, asOf = null } = row?.value ?? {};
    const value = { symbol, price, asOf, source: this.#options.source, stale: now >= staleFromMs };
    const goodUntilMs = value.stale ? now + memoMs : Math.min(now + memoMs, staleFromMs);
    const ready = { value, bytes: JSON.stringify(value), position, pricedAt: row?.position, goodUntilMs };
    if (position >= this.#knownOf(symbol)) {
      this.#known.set(symbol, position);
      this.#ready.set(symbol, ready);
      this.#all = undefined;
    }
    return ready;
  }

  #knownOf(symbol: string): Position {
    return this.#known.get(symbol) ?? 0n;
  }
}
