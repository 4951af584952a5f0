/** Exponential back-off with full jitter: those who failed together don't come back in step. */
export interface BackOff {
  readonly baseMs: number;
  readonly maxMs: number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
}

/** The pause after so many failures in a row (from 1), in milliseconds. */
export const backOffMs = ({ baseMs, maxMs, random }: BackOff, failures: number): number =>
  random() * Math.min(maxMs, baseMs * 2 ** (failures - 1));
