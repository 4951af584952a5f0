import { DomainError } from '../../contracts/errors.ts';
import { listCandles } from '../../contracts/http/price-operations.ts';
import type { ViewStore } from '../../contracts/ports/view-store.ts';
import type { Endpoint, Route } from '../../http/route.ts';
import { candleKey, candles } from '../../projector/prices/candle.projection.ts';
import type { ViewProgress } from '../../runtime/view-progress.ts';
import { cursorOf, keyIn } from '../key-cursor.ts';
import { waitForMinimum } from '../wait-for-minimum.ts';

export interface CandleNeeds {
  readonly views: ViewStore;
  readonly progress: ViewProgress;
  readonly symbols: readonly string[];
  readonly source: string;
}

/** The last millisecond that a key has digits for. */
const lastMs = 9_999_999_999_999;

/** From a moment on, pages go forward. The last ones before a moment are paged back, each page the oldest first. */
export const candleRoutes = (
  endpoint: Endpoint,
  { views, progress, symbols, source }: CandleNeeds,
): readonly Route[] => [
  endpoint(listCandles, async ({ params: { symbol }, query: { from, to, limit, cursor }, minimum }) => {
    if (!symbols.includes(symbol)) throw new DomainError('unknown-symbol');
    const keyAt = (time: string | undefined, otherwiseMs: number) =>
      candleKey(source, symbol, Math.min(Math.max(time === undefined ? otherwiseMs : Date.parse(time), 0), lastMs));
    const market = candleKey(source, symbol, 0).slice(0, -13);
    const after = keyIn(cursor, (key) => key.startsWith(market) && /^\d{13}$/.test(key.slice(market.length)));

    const view = await waitForMinimum(progress, candles, minimum);
    const found = await views.find(view, {
      from: keyAt(from, 0),
      before: keyAt(to, lastMs),
      after,
      order: from === undefined ? 'descending' : 'ascending',
      limit: limit + 1,
    });
    const page = found.slice(0, limit);
    const nextCursor = found.length > limit ? cursorOf(page.at(-1)!.key) : null;
    const items = page.map(({ value }) => value);
    return { body: { items: from === undefined ? items.reverse() : items, nextCursor } };
  }),
];
