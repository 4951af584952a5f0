import { MemoryEventStore } from '../adapters/memory/memory-event-store.ts';
import { MemoryViewStore } from '../adapters/memory/memory-view-store.ts';
import { DomainError } from '../contracts/errors.ts';
import type { ViewStore } from '../contracts/ports/view-store.ts';
import { ServedViews } from '../runtime/served-views.ts';
import { ViewProgress } from '../runtime/view-progress.ts';
import { appendPast } from '../test/support/append-past.ts';
import { eventually } from '../test/support/eventually.ts';
import { holdingViews } from '../test/support/holding-views.ts';
import { recordingLog } from '../test/support/recording-log.ts';
import { added, sumsOf } from '../test/support/sums.ts';
import type { AnyProjection } from './fold-batch.ts';
import { RunningVersions } from './run-versions.ts';

const first = sumsOf(1);
const second = sumsOf(2, first);
const third = sumsOf(3, second);

const keepOldMs = 60_000;

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const setUp = async (count = 3) => {
  const [events, views] = [new MemoryEventStore(), new MemoryViewStore()];
  const append = (n: number) => appendPast(events, Array(n).fill(added('a', 1)));
  await append(count);
  const clock = { nowMs: Date.UTC(2026, 0, 1) };
  /** A release in which this version is the newest. */
  const release = async (projection: AnyProjection, store: ViewStore = views) => {
    const served = new ServedViews(store, [projection], { everyMs: 5 });
    await served.refresh();
    let asked = 0;
    const of = served.of.bind(served);
    served.of = (view) => {
      asked++;
      return of(view);
    };
    const [stopping, log] = [new AbortController(), recordingLog()];
    const { signal } = stopping;
    const progress = new ViewProgress(store, { served });
    const following = served.follow(log, signal);
    const versions = new RunningVersions({
      ...{ projection, events, views: store, log, signal, progress, keepOldMs },
      now: () => clock.nowMs,
    });
    const stop = async () => {
      stopping.abort();
      await Promise.all([versions.ended, following]);
    };
    stops.push(stop);
    return {
      ...{ versions, served, progress, log, stop },
      messages: () => log.lines.map(({ message }) => message),
      reads: () => served.of(projection).version,
      /** Until it has looked after the versions a few times more. */
      rounds: async () => {
        const enough = asked + 20;
        await eventually(() => asked > enough);
      },
      runs: () => versions.statuses.map(({ version }) => version),
      sum: async (version = served.of(projection)) => (await store.get(version, 'a'))?.value.sum,
    };
  };
  const upToDate = async ({ versions }: Awaited<ReturnType<typeof release>>) => {
    const head = await events.head();
    await eventually(() => versions.statuses.length > 0);
    await eventually(() => versions.statuses.every(({ caughtUp, checkpoint }) => caughtUp && checkpoint! >= head));
  };
  /** As a release left it in which `projection` was the newest. */
  const released = async (projection: AnyProjection) => {
    const running = await release(projection);
    await eventually(() => running.served.unfinished.length === 0 && running.reads() === projection.version);
    await upToDate(running);
    await running.stop();
  };
  return { events, views, clock, append, release, released, upToDate };
};

describe('an installation that is new', () => {
  it('makes the newest version only, and says when it is complete', async () => {
    const { release, views, upToDate } = await setUp();
    const running = await release(third);
    expect([running.reads(), running.served.unfinished]).toEqual([3, ['sums']]);
    await eventually(() => running.served.unfinished.length === 0);
    await upToDate(running);
    expect([running.runs(), await running.sum()]).toEqual([[3], 9]);
    expect([await views.checkpoint(first), await views.checkpoint(second)]).toEqual([undefined, undefined]);
  });
});

describe('a version that was raised', () => {
  it('is made beside the old one, takes its place when it is complete, and both go on', async () => {
    const { release, released, views, events, append, upToDate } = await setUp();
    await released(first);
    const { views: held, hold } = holdingViews(views);
    const building = hold('apply', 'sums');
    const running = await release(second, held);
    await building.met;
    expect(running.versions.statuses.map(({ version, serving }) => [version, serving])).toEqual([
      [1, true],
      [2, false],
    ]);
    await eventually(() => running.versions.statuses[0]?.caughtUp);
    expect(running.reads()).toBe(1);
    await building.release();
    await eventually(() => running.reads() === 2);
    expect(running.messages()).toEqual(['readers go over to a new version of the view']);
    await append(2);
    await upToDate(running);
    expect([await running.sum(), await running.sum(first)]).toEqual([10, 5]);
    expect(running.versions.statuses.map(({ version, serving }) => [version, serving])).toEqual([
      [2, true],
      [1, false],
    ]);
    expect(await views.checkpoint(first)).toBe(await events.head());
  });

  it('is not read before its parked keys are free, which is said once', async () => {
    const { release, released, append, upToDate } = await setUp();
    await released(first);
    let broken = true;
    const on: (typeof second)['on'] = {
      added: (event, row) => {
        if (broken) throw new TypeError('broken');
        return second.on.added!(event, row);
      },
    };
    const running = await release({ ...second, on });
    await eventually(() => running.versions.statuses.some(({ version, parked }) => version === 2 && parked === 1));
    await upToDate(running);
    await append(1);
    await upToDate(running);
    const held = 'a new version of the view is not read before its parked keys are free';
    await eventually(() => running.messages().includes(held));
    await running.rounds();
    expect(running.messages().filter((message) => message === held)).toHaveLength(1);
    expect([running.reads(), await running.sum()]).toEqual([1, 4]);
    expect(await running.versions.retryParked('a')).toBe(false);
    broken = false;
    expect(await running.versions.retryParked('a')).toBe(true);
    await eventually(() => running.reads() === 2);
    expect(await running.sum()).toBe(8);
  });

  it('goes on where it was when the process ends in the middle', async () => {
    const { release, released, events, views } = await setUp(2_500);
    await released(first);
    const { views: held, hold } = holdingViews(views);
    const running = await release(second, held);
    // Three batches: the first of them is kept, the second never comes to be.
    const one = hold('apply', 'sums');
    const two = hold('apply', 'sums');
    await one.met;
    await one.release();
    await two.met;
    const stopping = running.stop();
    await two.release();
    await stopping;
    const begun = await views.checkpoint(second);
    expect(begun).toBeLessThan(await events.head());
    const applied: bigint[] = [];
    const apply = views.apply.bind(views);
    views.apply = async (view, changes, checkpoint) => {
      if (view.version === 2) applied.push(checkpoint);
      await apply(view, changes, checkpoint);
    };
    const again = await release(second);
    expect(again.reads()).toBe(1);
    await eventually(() => again.reads() === 2);
    expect(await again.sum()).toBe(5_000);
    expect(applied[0]).toBeGreaterThan(begun!);
  });

  it('goes on when the view store was away', async () => {
    const { release, released, views } = await setUp();
    await released(first);
    const running = await release(second);
    const { checkpoint } = views;
    let refused = 0;
    views.checkpoint = async () => {
      refused++;
      throw new DomainError('store-unavailable');
    };
    await eventually(() => refused > 2);
    views.checkpoint = checkpoint;
    await eventually(() => running.reads() === 2);
  });

  it('is read though it is being made where the release in between was left out, until it is complete', async () => {
    const { release, released } = await setUp();
    await released(sumsOf(0));
    const running = await release(third);
    expect([running.reads(), running.served.unfinished]).toEqual([3, ['sums']]);
    await eventually(() => running.served.unfinished.length === 0);
    expect([running.runs(), await running.sum(), running.messages()]).toEqual([[3], 9, []]);
  });

  it('takes the release in between with it', async () => {
    const { release, released, upToDate } = await setUp();
    await released(first);
    const running = await release(third);
    await eventually(() => running.reads() === 3);
    await upToDate(running);
    const between = await release(second);
    expect([between.reads(), await between.sum(), running.runs().toSorted()]).toEqual([2, 6, [1, 2, 3]]);
  });
});

describe('the old version', () => {
  const swapped = async () => {
    const stage = await setUp();
    await stage.released(first);
    await stage.released(second);
    return stage;
  };

  it('is dropped when its time is over, and not before', async () => {
    const { release, clock, views, append, upToDate } = await swapped();
    clock.nowMs += keepOldMs - 1;
    const running = await release(second);
    await append(1);
    await upToDate(running);
    await running.rounds();
    expect([running.runs(), await running.sum(first)]).toEqual([[2, 1], 4]);
    clock.nowMs += 1;
    await eventually(async () => (await views.checkpoint(first)) === undefined);
    expect(await views.find(first, { limit: 9 })).toEqual([]);
    expect([running.runs(), running.reads(), await running.sum()]).toEqual([[2], 2, 8]);
    expect(running.messages()).toEqual(['an old version of the view has had its time and is dropped']);
  });

  it('is dropped also when it is found over its time, and once', async () => {
    const { release, clock, views } = await swapped();
    clock.nowMs += keepOldMs;
    const running = await release(second);
    await eventually(async () => (await views.checkpoint(first)) === undefined);
    await running.stop();
    const again = await release(second);
    await eventually(() => again.versions.statuses[0]?.caughtUp);
    expect([again.runs(), again.messages()]).toEqual([[2], []]);
  });

  it('goes on in a process of the release before, which knows no other', async () => {
    const { release, append, upToDate } = await swapped();
    const running = await release(first);
    await append(1);
    await upToDate(running);
    expect([running.reads(), running.runs(), await running.sum()]).toEqual([1, [1], 4]);
    await running.stop();
    const newer = await release(second);
    await upToDate(newer);
    expect([newer.reads(), await newer.sum()]).toEqual([2, 8]);
  });

  it('is kept anew when the release before has been back in use', async () => {
    const { release, released, clock, append, upToDate } = await swapped();
    clock.nowMs += keepOldMs * 2;
    await append(1);
    await released(first);
    const running = await release(second);
    await upToDate(running);
    clock.nowMs += keepOldMs - 1;
    await running.rounds();
    expect(running.runs()).toEqual([2, 1]);
    clock.nowMs += 1;
    await eventually(() => running.runs().length === 1);
  });

  it('is made anew by the release before when that is wanted again later, whatever is left of the old rows', async () => {
    const { release, clock, views, append, upToDate } = await swapped();
    clock.nowMs += keepOldMs;
    const running = await release(second);
    await eventually(async () => (await views.checkpoint(first)) === undefined);
    await running.stop();
    // Somebody wakes up with a batch of long ago in hand.
    await views.apply(first, [{ key: 'b', position: 99n, value: { sum: 99 } }], 99n);
    await append(1);
    const back = await release(first);
    await upToDate(back);
    expect([back.reads(), await back.sum()]).toEqual([1, 4]);
    expect(await views.get(back.served.of(first), 'b')).toBeUndefined();
    await eventually(async () => (await views.checkpoint(first)) === undefined);
  });

  it('is made anew in a process that has gone on with it when another drops it', async () => {
    const { release, clock, append, upToDate } = await swapped();
    const back = await release(first);
    await upToDate(back);
    clock.nowMs += keepOldMs;
    const newer = await release(second);
    await eventually(() => back.served.of(first).name !== 'sums');
    await append(1);
    await eventually(async () => (await back.sum()) === 4 && (await newer.sum()) === 8);
    expect([back.runs(), newer.runs()]).toEqual([[1], [2]]);
  });
});
