export interface ScheduledJob {
  /** Aborts the run under way, waits for its end, and starts no other. */
  stop(): Promise<void>;
}

export interface Scheduler {
  /**
   * Runs `job` at once, and then whenever the clock (Unix time) passes a multiple of `intervalMs`, plus `phaseMs` (none
   * when absent). Runs never overlap: a moment that passes during a run is left out. A clock that is set back may make
   * a run come early, but keeps none from coming. A run that rejects is reported to whoever made the scheduler, and the
   * next one comes all the same. The job ends soon once its signal aborts.
   */
  every(name: string, intervalMs: number, job: (signal: AbortSignal) => Promise<void>, phaseMs?: number): ScheduledJob;
}
