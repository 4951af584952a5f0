import { candleStream } from '../../contracts/events/price-events.ts';
import type { EventStore } from '../../contracts/ports/event-store.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** A gap that is older stays a gap. */
const lookBackDays = 7;

/**
 * The open time of the first candle that is missing behind the recorded ones, or `earliestMs` when there are none that
 * old. It looks at all of them, not at the last alone: a live candle may have been recorded behind a gap.
 * @throws DomainError 'store-unavailable'
 */
export const firstMissingCandle = async (
  store: EventStore,
  source: string,
  symbol: string,
  earliestMs: number,
  nowMs: number,
): Promise<number> => {
  let missing: number | undefined;
  for (let day = nowMs - lookBackDays * dayMs; day <= nowMs; day += dayMs) {
    const openTimes: number[] = [];
    for await (const { data } of store.read(candleStream(source, symbol, day))) {
      openTimes.push((data as { openTimeMs: number }).openTimeMs);
    }
    for (const openTimeMs of openTimes.sort((a, b) => a - b)) {
      missing ??= Math.min(openTimeMs, earliestMs);
      if (openTimeMs > missing) return missing;
      missing = openTimeMs + minuteMs;
    }
  }
  return missing ?? earliestMs;
};
