import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { InProcessBus } from '../adapters/memory/in-process-bus.ts';
import { MemoryCache } from '../adapters/memory/memory-cache.ts';
import { MemoryEventStore } from '../adapters/memory/memory-event-store.ts';
import { MemoryViewStore } from '../adapters/memory/memory-view-store.ts';
import { SqliteViewStore } from '../adapters/sqlite/sqlite-view-store.ts';
import { userStream } from '../contracts/events/stream-names.ts';
import type { ViewDefinition, ViewStore } from '../contracts/ports/view-store.ts';
import { viewPointersView } from '../runtime/view-pointers.ts';
import { appendPast, type Past } from '../test/support/append-past.ts';
import { eventually } from '../test/support/eventually.ts';
import { holdingViews } from '../test/support/holding-views.ts';
import { raised } from '../test/support/next-release.ts';
import { recordingLog } from '../test/support/recording-log.ts';
import { added, failingAt, sumsOf } from '../test/support/sums.ts';
import { temporaryDirectory } from '../test/support/temporary-directory.ts';
import { allProjections } from './all.projection.ts';
import type { AnyProjection } from './fold-batch.ts';
import { notices } from './notices/notice.projection.ts';
import { noticePublisherView } from './notices/notice-publisher.ts';
import { parkedKeysView } from './parked-keys.ts';
import { type Projector, startProjector } from './projector.ts';
import { runProjection } from './run-projection.ts';
import { userProfiles } from './users/user-profile.projection.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const sums = sumsOf(1);
const stores: readonly (readonly [string, () => ViewStore])[] = [
  ['memory', () => new MemoryViewStore()],
  [
    'sqlite',
    () => {
      const directory = temporaryDirectory();
      const store = new SqliteViewStore(join(directory.path, 'views.db'));
      stops.push(async () => {
        await store.close();
        directory.remove();
      });
      return store;
    },
  ],
];

/** The projectors of an installation, one of which holds the lease: each sees the views as a process that may be stopped. */
const installation = (views: ViewStore) => {
  const [events, bus, cache] = [new MemoryEventStore(), new InProcessBus({ redeliveryMs: 5 }), new MemoryCache()];
  let holder: string | undefined;
  const start = (name: string, projections: readonly AnyProjection[] = [sums], keepOldMs?: number) => {
    const { views: held, hold } = holdingViews(views);
    const log = recordingLog();
    const lease = { held: () => holder === name || holder === 'everybody' };
    const projector = startProjector({
      ...{ events, cache, bus, log, lease, projections, priceTtlSeconds: 60, views: held },
      ...(keepOldMs !== undefined && { keepOldMs }),
    });
    stops.push(() => projector.stop());
    return Object.assign(projector, { hold, log });
  };
  return {
    ...{ events, bus, start },
    give: (to: string | undefined) => {
      holder = to;
    },
    append: (...past: readonly Past[]) => appendPast(events, past),
    upToDate: async (projector: Projector) => {
      const head = await events.head();
      await eventually(() =>
        projector.statuses().every(({ caughtUp, checkpoint = 0n }) => caughtUp && checkpoint >= head),
      );
    },
    idle: (projector: Projector) => eventually(() => projector.statuses().every(({ standby }) => standby)),
    sums: async (view: ViewDefinition = sums) =>
      Object.fromEntries((await views.find(view, { limit: 9 })).map(({ key, value }) => [key, value.sum])),
    /** What a fold of all events makes of the view, and what is kept. */
    compare: async (projection: AnyProjection) => {
      const [fresh, stopping] = [new MemoryViewStore(), new AbortController()];
      const log = recordingLog();
      const running = runProjection({ projection, events, views: fresh, log, signal: stopping.signal });
      const head = await events.head();
      await eventually(() => (running.status.checkpoint ?? 0n) >= head);
      stopping.abort();
      await running.ended;
      const all = { limit: 10_000 };
      expect(await views.find(projection, all)).toEqual(await fresh.find(projection, all));
    },
  };
};

const created = (name = 'sealed-n'): Past => ({
  stream: userStream(randomUUID()),
  type: 'user.created',
  data: { email: 'sealed-e', name, addressKey: 'k', reservationId: randomUUID() },
});

describe('a projector', () => {
  it('does nothing as long as another has the lease, begins with it, and ends with it', async () => {
    const views = new MemoryViewStore();
    const { start, give, append, upToDate, idle, sums: kept } = installation(views);
    const one = start('one');
    await append(added('a', 1));
    expect(one.statuses()).toEqual([
      {
        ...{ name: 'sums', version: 1, checkpoint: undefined, caughtUp: false, parked: 0, failures: 0 },
        ...{ serving: true, standby: true },
      },
    ]);
    await expect(one.retryParked('sums', 'a')).rejects.toThrow('runs here');
    const busy = start('busy');
    give('busy');
    await upToDate(busy);
    expect([one.statuses()[0]!.standby, busy.statuses()[0]!.standby, await kept()]).toEqual([true, false, { a: 1 }]);
    give('one');
    await idle(busy);
    await upToDate(one);
    await append(added('a', 2));
    await upToDate(one);
    expect([await kept(), one.statuses()[0]!.standby]).toEqual([{ a: 3 }, false]);
  });

  it('begins from what is kept, whatever it knew before', async () => {
    const views = new MemoryViewStore();
    const { start, give, append, upToDate, idle, sums: kept } = installation(views);
    const [strict, lenient] = [start('strict', [failingAt(7, sums)]), start('lenient')];
    give('strict');
    await append(added('a', 1), added('a', 7));
    await eventually(() => strict.statuses()[0]?.parked === 1);
    give('lenient');
    await idle(strict);
    await eventually(() => lenient.statuses()[0]?.parked === 1);
    expect(await lenient.retryParked('sums', 'a')).toBe(true);
    await append(added('a', 2));
    await upToDate(lenient);
    give('strict');
    await idle(lenient);
    await append(added('a', 4));
    await upToDate(strict);
    expect([strict.statuses()[0]?.parked, await kept()]).toEqual([0, { a: 14 }]);
  });

  it('keeps its readers from believing it while another is at work', async () => {
    const { start, give, append, upToDate, idle, events } = installation(new MemoryViewStore());
    const [one, two] = [start('one'), start('two')];
    give('one');
    await append(added('a', 1));
    await upToDate(one);
    give('two');
    await idle(one);
    await append(added('a', 1));
    await upToDate(two);
    for (const { progress } of [one, two]) {
      expect(await progress.position(sums)).toEqual({ view: sums, position: await events.head() });
    }
  });

  it('moves readers in standby, too', async () => {
    const { start, give } = installation(new MemoryViewStore());
    const first = start('first');
    give('first');
    await eventually(() => first.progress.served.unfinished.length === 0);
    const second = sumsOf(2, sums);
    const [one, two] = [start('one', [second]), start('two', [second])];
    give('one');
    await eventually(() => two.progress.served.of(sums).version === 2);
    expect(one.progress.served.of(sums)).toBe(second);
    expect(first.progress.served.of(sums)).toBe(sums);
  });

  it('says that it does not get on, and not that it stands by, when the views are away as it begins', async () => {
    const views = new MemoryViewStore();
    const { find } = views;
    views.find = () => Promise.reject(new Error('away'));
    const { start, give, upToDate } = installation(views);
    const one = start('one');
    give('one');
    await eventually(() => one.log.lines.some(({ message }) => message.includes('can’t begin yet')));
    expect(one.statuses()).toMatchObject([{ standby: false, caughtUp: false }]);
    views.find = find;
    await upToDate(one);
  });
});

describe.each(stores)(
  'one that was stopped with a write in hand, and wakes up when another is at work (%s)',
  (_, open) => {
    const arrange = (projections: readonly AnyProjection[] = [sums], others = projections, keepOldMs?: number) => {
      const views = open();
      const all = installation(views);
      const late = all.start('late', projections, keepOldMs);
      const now = all.start('now', others, keepOldMs);
      /** It has the write in hand; then `meanwhile` happens under the other; then the write reaches the store. */
      const overtake = async (held: ReturnType<typeof late.hold>, meanwhile: () => Promise<void>) => {
        await held.met;
        all.give('now');
        await meanwhile();
        await held.release();
        await all.idle(late);
      };
      return { views, late, now, overtake, ...all };
    };

    it('takes no row and no checkpoint back', async () => {
      const { late, now, overtake, give, append, upToDate, compare, views, events } = arrange();
      give('late');
      await append(added('a', 1), added('b', 1));
      await upToDate(late);
      const held = late.hold('apply', 'sums');
      await append(added('a', 2), added('b', 2));
      await overtake(held, async () => {
        await append(added('a', 4), added('c', 4));
        await upToDate(now);
      });
      expect(await views.checkpoint(sums)).toBe(await events.head());
      await compare(sums);
      await append(added('b', 8));
      await upToDate(now);
      await compare(sums);
    });

    it('parks no key that the other could fold', async () => {
      const { late, now, overtake, give, append, upToDate, compare, start, idle } = arrange(
        [failingAt(7, sums)],
        [sums],
      );
      give('late');
      await append(added('a', 1));
      await upToDate(late);
      const held = late.hold('apply', parkedKeysView.name);
      await append(added('a', 7));
      await overtake(held, async () => {
        await append(added('a', 2));
        await upToDate(now);
      });
      const next = start('next');
      give('next');
      await idle(now);
      await append(added('a', 4));
      await upToDate(next);
      expect(next.statuses()).toMatchObject([{ parked: 0 }]);
      await compare(sums);
    });

    it('frees no key of which the other has passed events over', async () => {
      const { late, now, overtake, give, append, upToDate, compare, start, idle } = arrange(
        [sums],
        [failingAt(7, sums)],
      );
      give('now');
      await append(added('a', 1), added('a', 7));
      await upToDate(now);
      give('late');
      await idle(now);
      await upToDate(late);
      const held = late.hold('apply', 'sums');
      const retrying = late.retryParked('sums', 'a');
      await overtake(held, async () => {
        // It hears of no more events.
        await eventually(() => !late.statuses()[0]?.caughtUp);
        await append(added('a', 2));
        await upToDate(now);
      });
      await retrying;
      const next = start('next');
      give('next');
      await idle(now);
      await append(added('a', 4));
      await upToDate(next);
      expect(next.statuses()).toMatchObject([{ parked: 1 }]);
      expect(await next.retryParked('sums', 'a')).toBe(true);
      await compare(sums);
    });

    it('leaves no gap in what is published, and does not say that less is', async () => {
      const { late, now, overtake, give, append, upToDate, bus, views, events } = arrange(allProjections);
      const told: string[] = [];
      const publish = bus.publish.bind(bus);
      bus.publish = async (topic, messages) => {
        told.push(...messages.map(({ value }) => JSON.parse(value).position));
        await publish(topic, messages);
      };
      give('late');
      const held = late.hold('apply', noticePublisherView.name);
      await append(created(), created());
      await overtake(held, async () => {
        await append(created());
        await upToDate(now);
        await eventually(async () => (await views.checkpoint(noticePublisherView)) === 3n);
      });
      expect([await views.checkpoint(noticePublisherView), await events.head()]).toEqual([3n, 3n]);
      // Again, as it may; and in order, so that whoever drops repeats misses nothing.
      expect(told.filter((position, index) => told.indexOf(position) === index)).toEqual(['1', '2', '3']);
    });

    it('moves no reader back to a version that they have left', async () => {
      const [second, third] = [sumsOf(2, sums), sumsOf(3, sumsOf(2, sums))];
      const { late, now, overtake, give, append, views, start, idle } = arrange([second], [third]);
      const first = start('first');
      give('first');
      await append(added('a', 1));
      await eventually(() => first.progress.served.unfinished.length === 0);
      const held = late.hold('apply', viewPointersView.name);
      give('late');
      await idle(first);
      await overtake(held, () => eventually(() => now.progress.served.of(sums).version === 3).then(() => undefined));
      expect((await views.find(viewPointersView, { limit: 9 }))[0]?.value).toMatchObject({ version: 3 });
    });

    it('drops nothing of what was made anew since', async () => {
      const second = sumsOf(2, sums);
      const { late, now, overtake, give, append, upToDate, start, idle, sums: kept } = arrange([second], [second], 0);
      const first = start('first');
      give('first');
      await append(added('a', 1));
      await eventually(() => first.progress.served.unfinished.length === 0);
      const held = late.hold('drop', 'sums');
      give('late');
      await idle(first);
      await overtake(held, async () => {
        await upToDate(now);
        // Back to the release before, for which there is nothing left.
        give('first');
        await upToDate(first);
      });
      await idle(now);
      await append(added('a', 2));
      await upToDate(first);
      expect(await kept(first.progress.served.of(sums))).toEqual({ a: 3 });
      expect(first.progress.served.of(sums)).not.toBe(sums);
    });

    it('leaves no rows that could be taken for a whole view, where the view is dropped', async () => {
      const second = sumsOf(2, sums);
      const {
        late,
        now,
        overtake,
        give,
        append,
        upToDate,
        start,
        idle,
        sums: kept,
        views,
      } = arrange([sums], [second], 0);
      give('late');
      await append(added('a', 1), added('b', 1));
      await upToDate(late);
      await eventually(() => late.progress.served.unfinished.length === 0);
      const held = late.hold('apply', 'sums');
      await append(added('a', 2));
      await overtake(held, () =>
        eventually(async () => (await views.checkpoint(sums)) === undefined).then(() => undefined),
      );
      expect(await kept()).toEqual({ a: 3 });
      const back = start('back');
      give('back');
      await idle(now);
      await upToDate(back);
      expect(await kept(back.progress.served.of(sums))).toEqual({ a: 3, b: 1 });
    });
  },
);

describe.each(stores)('two at work at once (%s)', (_, open) => {
  it('make what one makes, in every version, and tell of all of it', async () => {
    const { start, give, append, upToDate, compare, idle, bus } = installation(open());
    const next = allProjections.map((view) => (view.name === userProfiles.name ? raised(view) : view));
    const old = start('old', allProjections);
    give('old');
    const users = Array.from({ length: 5 }, () => created());
    await append(...users);
    await upToDate(old);
    const told = new Set<string>();
    const publish = bus.publish.bind(bus);
    bus.publish = async (topic, messages) => {
      for (const { value } of messages) told.add(JSON.parse(value).position);
      await publish(topic, messages);
    };
    const [one, two] = [start('one', next), start('two', next)];
    give('everybody');
    for (let index = 0; index < 300; index++) {
      const data = { name: `sealed-${index}` };
      await append({ stream: users[index % users.length]!.stream, type: 'user.profile-changed', data });
      if (index % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    }
    for (const projector of [one, two, old]) await upToDate(projector);
    await eventually(() => one.progress.served.of(userProfiles) === next[0]);
    give('two');
    await idle(one);
    for (const view of [next[0]!, userProfiles, notices]) await compare(view as AnyProjection);
    await eventually(() => told.size === 300);
  });
});
