import { readFileSync } from 'node:fs';
import { minuteMs, type Trade } from './candle.ts';
import { toFixed } from './fixed-point.ts';
import { type KlineRow, parseKlinesCsv } from './klines-csv.ts';
import type { MarketSource } from './market-source.ts';

export interface PlaybackOptions {
  /** A klines file, or its rows: in order of time; a minute that is missing has no trades. */
  readonly klines: string | readonly KlineRow[];
  readonly symbol: string;
  /** Exchange time per real time: 60 plays an hour in a minute. Default 1. */
  readonly speed?: number;
  /** The clock stands at the first minute until `play()`. Default false: it runs at once. */
  readonly waitForPlay?: boolean;
}

const tradesPerMinute = 4;
/** The first is not at once, so that a clock that stands at a minute's beginning has traded nothing of it. */
const offsetsMs = [250, 17_000, 38_000, 59_000] as const;

/** Opens, goes to the far end first, and closes: four trades whose fold is the row. */
const tradesOf = (symbol: string, row: KlineRow, index: number): readonly Trade[] => {
  const rising = row.close >= row.open;
  const path = rising ? [row.open, row.low, row.high, row.close] : [row.open, row.high, row.low, row.close];
  const part = row.volume / BigInt(tradesPerMinute);
  const rest = row.volume - part * BigInt(tradesPerMinute - 1);
  return path.map((price, step) => ({
    symbol,
    id: index * tradesPerMinute + step + 1,
    price,
    quantity: step === tradesPerMinute - 1 ? rest : part,
    timeMs: row.openTimeMs + offsetsMs[step]!,
    buyerIsMaker: step > 0 && price < path[step - 1]!,
  }));
};

const check = (rows: readonly KlineRow[]): readonly KlineRow[] => {
  if (rows.length === 0) throw new RangeError('there is no row to play');
  rows.forEach(({ openTimeMs, open, high, low, close, volume }, index) => {
    const previous = rows[index - 1];
    const sound = low > 0n && [open, close].every((price) => low <= price && price <= high);
    const inOrder = openTimeMs % minuteMs === 0 && (previous === undefined || previous.openTimeMs < openTimeMs);
    if (!sound || !inOrder || volume < BigInt(tradesPerMinute)) {
      throw new RangeError(`row ${index + 1} is not a minute that trades could make`);
    }
  });
  return rows;
};

/**
 * Plays one-minute klines as trades, once: after the last row the market is quiet.
 * @throws RangeError for rows that no trades could make
 */
export const playback = ({ klines, symbol, speed = 1, waitForPlay = false }: PlaybackOptions): MarketSource => {
  if (!(speed > 0 && Number.isFinite(speed))) throw new RangeError('the speed must be a positive number');
  const rows = check(typeof klines === 'string' ? parseKlinesCsv(readFileSync(klines, 'utf8')) : klines);
  const byMinute = new Map(rows.map((row, index) => [row.openTimeMs, tradesOf(symbol, row, index)]));
  const first = rows[0]!;
  let startedAt: number | undefined;
  const play = () => {
    startedAt ??= performance.now();
  };
  if (!waitForPlay) play();
  return {
    symbols: [{ symbol, referencePrice: first.open, tickSize: toFixed('0.01') }],
    firstMinuteMs: first.openTimeMs,
    endMs: rows.at(-1)!.openTimeMs + minuteMs,
    now: () => first.openTimeMs + (startedAt === undefined ? 0 : (performance.now() - startedAt) * speed),
    play,
    trades: (_symbol, openTimeMs) => byMinute.get(openTimeMs) ?? [],
  };
};
