import type { Service } from '../../../composition/services.ts';
import type { Audited } from './audit.ts';
import type { NoticesJudged } from './judge-notices.ts';
import type { Seen } from './observer.ts';
import type { Recovery } from './recovery.ts';
import type { Asked } from './requests.ts';
import type { Scenario } from './scenarios.ts';

/** Milliseconds of `performance.now()`. */
export interface Phase {
  readonly from: number;
  readonly to: number;
}

export interface Listened extends NoticesJudged {
  readonly who: string;
  /** Why it had to read everything again. */
  readonly resyncs: readonly string[];
}

/** What was seen in one scenario; `promises.ts` judges it. */
export interface Result {
  readonly scenario: Scenario;
  readonly before: Phase;
  readonly during: Phase;
  /** From when everything was well again, or should have been. */
  readonly after: Phase;
  readonly asked: readonly Asked[];
  readonly acknowledged: number;
  readonly recovery: Recovery;
  readonly audited: Audited;
  readonly listened: readonly Listened[];
  /** Reads that did not show a write that they named. */
  readonly stale: readonly string[];
  /** What an acknowledged registration or change turned out not to be, in the end, for who uses the API. */
  readonly unkept: readonly string[];
  readonly seen: readonly Seen[];
  readonly ended: readonly Service[];
  readonly stuck: readonly Service[];
}

export const within = <Timed extends { readonly startedAt: number }>(timed: readonly Timed[], { from, to }: Phase) =>
  timed.filter(({ startedAt }) => startedAt >= from && startedAt < to);

export const seenWithin = ({ seen }: Result, { from, to }: Phase) => seen.filter(({ at }) => at >= from && at < to);
