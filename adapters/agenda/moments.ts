export interface Moments {
  readonly intervalMs: number;
  readonly phaseMs: number;
}

/** How far the clocks of two processes may be apart. */
export const clocksDifferMs = 5_000;

/** The moment that passed last, in Unix milliseconds. */
export const lastMoment = ({ intervalMs, phaseMs }: Moments, nowMs: number): number =>
  Math.floor((nowMs - phaseMs) / intervalMs) * intervalMs + phaseMs;
