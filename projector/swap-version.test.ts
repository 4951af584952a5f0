import { MemoryViewStore } from '../adapters/memory/memory-view-store.ts';
import type { Position } from '../contracts/ports/event-store.ts';
import { ServedViews } from '../runtime/served-views.ts';
import { recordingLog } from '../test/support/recording-log.ts';
import type { AnyProjection } from './fold-batch.ts';
import type { ProjectionStatus } from './run-projection.ts';
import { VersionSwap } from './swap-version.ts';
import { ViewVersions } from './view-versions.ts';

const versionOf = (version: number, previous?: AnyProjection): AnyProjection => ({
  ...{ name: 'sums', version, streams: ['sum-'], key: () => '', on: {} },
  ...(previous && { previous }),
});
const first = versionOf(1);
const second = versionOf(2, first);
const third = versionOf(3, second);

/** The first version is read, and is at 10. */
const setUp = async (newest = second) => {
  const views = new MemoryViewStore();
  const served = new ServedViews(views, [newest]);
  await served.pointers.move(first, new Date(0));
  await views.apply(first, [], 10n);
  const statuses = new Map<AnyProjection, ProjectionStatus>();
  const report = (projection: AnyProjection, checkpoint: Position, more: Partial<ProjectionStatus> = {}) =>
    statuses.set(projection, { name: 'sums', version: 0, caughtUp: true, parked: 0, failures: 0, checkpoint, ...more });
  const stopping = new AbortController();
  const swap = new VersionSwap({
    versions: new ViewVersions(newest, served),
    statusOf: (version) => statuses.get(version),
    ...{ views, log: recordingLog(), signal: stopping.signal, now: () => 1_000 },
  });
  const attempt = async () => {
    await swap.attempt();
    return served.of(newest).version;
  };
  return { views, served, report, attempt, stop: () => stopping.abort() };
};

it('waits until the new version is where the old one is, for a moment', async () => {
  const { report, attempt } = await setUp();
  expect(await attempt()).toBe(1);
  report(second, 9n);
  expect(await attempt()).toBe(1);
  const attempting = attempt();
  await new Promise((resolve) => setImmediate(resolve));
  report(second, 10n);
  expect(await attempting).toBe(2);
});

it.each([
  ['has not caught up', { caughtUp: false }],
  ['has parked keys', { parked: 1 }],
])('leaves it where it %s, wherever it is', async (_, status) => {
  const { report, attempt } = await setUp();
  report(second, 99n, status);
  expect(await attempt()).toBe(1);
  report(second, 99n);
  expect(await attempt()).toBe(2);
});

it('leaves it where a key is parked while it catches up with the old one', async () => {
  const { report, attempt } = await setUp();
  report(second, 9n);
  const attempting = attempt();
  await new Promise((resolve) => setImmediate(resolve));
  report(second, 10n, { parked: 1 });
  expect(await attempting).toBe(1);
});

it('waits for a version in between, which other processes will read', async () => {
  const { report, attempt } = await setUp(third);
  report(third, 10n);
  expect(await attempt()).toBe(1);
  report(second, 10n, { caughtUp: false });
  expect(await attempt()).toBe(1);
  report(second, 10n);
  expect(await attempt()).toBe(3);
});

it('says once when it was', async () => {
  const { report, attempt, served } = await setUp();
  report(second, 10n);
  await attempt();
  expect(served.pointers.of('sums')).toEqual({ version: 2, swappedAt: new Date(1_000).toISOString() });
});

it('does nothing any more once it is to stop', async () => {
  const { report, attempt, stop } = await setUp();
  report(second, 10n);
  stop();
  expect(await attempt()).toBe(1);
});
