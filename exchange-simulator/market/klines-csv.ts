import { minuteMs } from './candle.ts';
import { type Fixed, toFixed } from './fixed-point.ts';

/** One minute of a klines file. */
export interface KlineRow {
  readonly openTimeMs: number;
  readonly open: Fixed;
  readonly high: Fixed;
  readonly low: Fixed;
  readonly close: Fixed;
  readonly volume: Fixed;
}

const header = 'openTimeMs,open,high,low,close,volume';

/**
 * Rows of `openTimeMs,open,high,low,close,volume`, that header first.
 * @throws RangeError naming the line that is no such row
 */
export const parseKlinesCsv = (text: string): readonly KlineRow[] => {
  const [first, ...lines] = text.trimEnd().split(/\r?\n/);
  if (first !== header) throw new RangeError(`line 1 is not the header ${header}`);
  return lines.map((line, index) => {
    const [time = '', ...values] = line.split(',');
    if (!/^\d{1,15}$/.test(time) || Number(time) % minuteMs !== 0 || values.length !== 5) {
      throw new RangeError(`line ${index + 2} is not a one-minute kline`);
    }
    const [open, high, low, close, volume] = values.map(toFixed) as [Fixed, Fixed, Fixed, Fixed, Fixed];
    return { openTimeMs: Number(time), open, high, low, close, volume };
  });
};
