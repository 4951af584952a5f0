import type { RowChange, ViewDefinition } from '../contracts/ports/view-store.ts';
import type { ViewProgress } from '../runtime/view-progress.ts';
import type { AnyProjection } from './fold-batch.ts';
import {
  type ProjectionOptions,
  type ProjectionStatus,
  type RunningProjection,
  runProjection,
} from './run-projection.ts';

/** What goes on beside a version of a view for as long as that runs. */
export interface Beside {
  /** See `ProjectionOptions`. */
  readonly afterCommit: (changes: readonly RowChange[], status: ProjectionStatus) => void;
  /** Resolves soon after the signal that it was made with has aborted. Never rejects. */
  readonly ended?: Promise<void>;
}

export interface VersionNeeds extends Pick<ProjectionOptions, 'events' | 'views' | 'log' | 'signal'> {
  /** Hears how far the version is. */
  readonly progress: ViewProgress;
  /** Made anew with each version that runs, which lies at `place`. */
  readonly beside?: ((place: ViewDefinition, signal: AbortSignal) => Beside) | undefined;
}

export interface RunningVersion extends Pick<RunningProjection, 'status' | 'retryParked' | 'ended'> {
  readonly projection: AnyProjection;
  /** Ends it without the others, and resolves when it has ended. */
  stop(): Promise<void>;
}

/** Runs one version of a view at its place, with what goes on beside it, until the signal aborts or it is stopped. */
export const runVersion = (
  projection: AnyProjection,
  place: ViewDefinition,
  { events, views, log, signal, progress, beside }: VersionNeeds,
): RunningVersion => {
  const stopping = new AbortController();
  const abort = () => stopping.abort();
  signal.addEventListener('abort', abort, { once: true });
  const besides = beside?.(place, stopping.signal);
  const running = runProjection({
    ...{ projection, place, events, views, log, signal: stopping.signal },
    afterCommit: (changes, status) => {
      progress.advanced(place, status.checkpoint);
      besides?.afterCommit(changes, status);
    },
  });
  const ended = Promise.all([running.ended, besides?.ended]).then(() => {
    signal.removeEventListener('abort', abort);
    progress.stopped(place);
  });
  return {
    projection,
    get status() {
      return running.status;
    },
    retryParked: (key) => running.retryParked(key),
    ended,
    stop: () => {
      abort();
      return ended;
    },
  };
};
