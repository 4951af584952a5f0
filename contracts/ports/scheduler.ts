export interface ScheduledJob {
  /**
   * Aborts the run under way in this process, waits for its end, and starts no other here. Others who share the schedule
   * go on, and one of them does what was aborted over again.
   */
  stop(): Promise<void>;
}

/** Runs jobs, each in one of the processes that share the schedule. (In process there is only the one.) */
export interface Scheduler {
  /**
   * A moment is when the clock (Unix time) passes a multiple of `intervalMs`, plus `phaseMs` (none when absent). Runs
   * `job` at once, unless there has been a run since the last moment in any of the processes that share the schedule, and
   * then whenever a moment passes, in one of them. The same name means the same job in all of them; a process gives it
   * once at a time. The interval that a process gives is what it goes by from the start.
   *
   * Runs never overlap: a moment that passes during a run is left out. When a process dies during a run, another does it
   * over again after a bounded time; one that is only held up for so long has lost its run, whose signal aborts as soon
   * as it goes on. So a job has to bear being repeated. A clock that is set back by more than some seconds may make a run
   * come early, but keeps none from coming.
   *
   * A run that rejects is reported to whoever made the scheduler, and the next one comes all the same. While the
   * schedule can't be reached, no run begins. The job ends soon once its signal aborts.
   */
  every(name: string, intervalMs: number, job: (signal: AbortSignal) => Promise<void>, phaseMs?: number): ScheduledJob;
}
