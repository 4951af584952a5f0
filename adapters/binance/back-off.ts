/** Exponential back-off with full jitter: many clients that lost the same server don't come back in step. */
export interface BackOff {
  readonly baseMs: number;
  readonly maxMs: number;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
}

/** The pause before attempt `attempt` (from 0). */
export const backOffMs = ({ baseMs, maxMs, random }: BackOff, attempt: number): number =>
  random() * Math.min(maxMs, baseMs * 2 ** attempt);
