import { setImmediate as nextTurn } from 'node:timers/promises';
import { MemoryEventStore } from '../adapters/memory/memory-event-store.ts';
import { MemoryViewStore } from '../adapters/memory/memory-view-store.ts';
import { DomainError } from '../contracts/errors.ts';
import type { EventStore } from '../contracts/ports/event-store.ts';
import type { RowChange, ViewStore } from '../contracts/ports/view-store.ts';
import type { Projection } from '../contracts/projection.ts';
import { appendPast, recordedPast } from '../test/support/append-past.ts';
import { eventually } from '../test/support/eventually.ts';
import { recordingLog } from '../test/support/recording-log.ts';
import { BackOff } from './back-off.ts';
import { parkedKeysView } from './parked-keys.ts';
import { type ProjectionOptions, type RunningProjection, runProjection } from './run-projection.ts';

type Added = { type: 'added'; data: { key: string; n: number | 'poison' } };

const poisonous = new TypeError('sealed-name is not a number');
/** Adds up, so that an event folded twice, or passed over, shows. */
const sumsWith = (fold: (n: Added['data']['n'], sum: number) => number): Projection<{ sum: number }, Added> => ({
  name: 'sums',
  version: 1,
  streams: ['sum-'],
  key: ({ data }) => data.key,
  on: { added: ({ data }, row) => ({ sum: fold(data.n, row?.sum ?? 0) }) },
});
const sums = sumsWith((n, sum) => {
  if (n === 'poison') throw poisonous;
  return sum + n;
});
const healed = sumsWith((n, sum) => sum + (n === 'poison' ? 100 : n));

const added = (key: string, n: Added['data']['n']) => ({ stream: `sum-${key}`, type: 'added', data: { key, n } });
const other = { stream: 'other-1', type: 'added', data: { key: 'a', n: 1_000 } };

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const start = (options: Partial<ProjectionOptions> & Pick<ProjectionOptions, 'events' | 'views'>) => {
  const stopping = new AbortController();
  const log = recordingLog();
  const backOff = new BackOff(1, 5);
  const running = runProjection({ projection: sums, log, backOff, signal: stopping.signal, ...options });
  const stop = () => {
    stopping.abort();
    return running.ended;
  };
  stops.push(stop);
  return { running, log, stop };
};
const reaches = async ({ status }: { status: () => RunningProjection['status'] }, events: EventStore) => {
  const head = await events.head();
  await eventually(() => status().caughtUp && (status().checkpoint ?? 0n) >= head);
};
const upToDate = (running: RunningProjection, events: EventStore) => reaches({ status: () => running.status }, events);
const sumsIn = async (views: ViewStore) =>
  Object.fromEntries((await views.find(sums, { limit: 100 })).map(({ key, value }) => [key, value.sum]));

/** The view store, with `apply` done otherwise. */
const applying = (views: ViewStore, apply: ViewStore['apply']): ViewStore => {
  const bound = ['prepare', 'get', 'position', 'load', 'find', 'checkpoint', 'purge', 'drop'] as const;
  return { ...Object.fromEntries(bound.map((name) => [name, views[name].bind(views)])), apply } as unknown as ViewStore;
};

const setUp = async (...past: Parameters<typeof appendPast>[1]) => {
  const [events, views] = [new MemoryEventStore(), new MemoryViewStore()];
  await appendPast(events, past);
  return { events, views };
};

describe('following', () => {
  it('makes the view of what is there, and of what comes', async () => {
    const { events, views } = await setUp(added('a', 1), other, added('b', 2), added('a', 3));
    const { running } = start({ events, views });
    await upToDate(running, events);
    expect(await sumsIn(views)).toEqual({ a: 4, b: 2 });
    await appendPast(events, [added('a', 5), other]);
    await upToDate(running, events);
    expect(await sumsIn(views)).toEqual({ a: 9, b: 2 });
    expect(running.status).toEqual({
      name: 'sums',
      version: 1,
      checkpoint: 6n,
      caughtUp: true,
      parked: 0,
      failures: 0,
    });
    expect(await views.checkpoint(sums)).toBe(6n);
  });

  it('goes on where it stopped, as often as it is stopped', async () => {
    const past = Array.from({ length: 60 }, (_, index) => added('abc'[index % 3]!, index));
    const { events, views } = await setUp(...past.slice(0, 10));
    for (let done = 10; done < 60; done += 10) {
      const { running, stop } = start({ events, views });
      await appendPast(events, past.slice(done, done + 10));
      await eventually(() => (running.status.checkpoint ?? 0n) > 0n);
      await stop();
    }
    await upToDate(start({ events, views }).running, events);
    expect(await sumsIn(views)).toEqual({ a: 570, b: 590, c: 610 });
  });

  it('folds no event twice when rows are ahead of the checkpoint', async () => {
    const { events, views } = await setUp(added('a', 1), added('a', 2), added('b', 3), added('a', 5));
    // As a store without transactions leaves them when the process dies in between.
    await views.apply(
      sums,
      [
        { key: 'a', position: 2n, value: { sum: 3 } },
        { key: 'b', position: 3n, value: undefined },
      ],
      0n,
    );
    await upToDate(start({ events, views }).running, events);
    expect(await sumsIn(views)).toEqual({ a: 8 });
  });

  it('tells what each batch changed, and does not mind who listens badly', async () => {
    const { events, views } = await setUp(added('a', 1), added('b', 2), added('a', 3));
    const heard: [RowChange[], bigint | undefined][] = [];
    const { running, log } = start({
      events,
      views,
      afterCommit: (changes, { checkpoint }) => {
        heard.push([[...changes], checkpoint]);
        throw new Error('deaf');
      },
    });
    await upToDate(running, events);
    const [first] = heard;
    expect(first).toEqual([
      [
        { key: 'a', position: 3n, value: { sum: 4 } },
        { key: 'b', position: 2n, value: { sum: 2 } },
      ],
      3n,
    ]);
    expect(log.lines.every(({ level, fields }) => level === 'error' && String(fields.err) === 'Error: deaf')).toBe(
      true,
    );
    expect(running.status.failures).toBe(0);
  });

  it('loads and writes once a batch, of at most 1,000 events', async () => {
    const recorded = recordedPast(Array.from({ length: 2_500 }, (_, index) => added(`k${index % 10}`, 1)));
    const events = Object.assign(new MemoryEventStore(), {
      async *subscribe() {
        for (const event of recorded) yield { type: 'event', event };
        yield { type: 'checkpoint', position: 2_600n };
        yield { type: 'caught-up' };
      },
    }) as EventStore;
    const views = new MemoryViewStore();
    const calls: string[] = [];
    const counted = applying(views, async (view, changes, checkpoint) => {
      calls.push(`apply ${changes.length} to ${checkpoint}`);
      await views.apply(view, changes, checkpoint);
    });
    counted.load = async (view, keys) => {
      calls.push(`load ${keys.length}`);
      return views.load(view, keys);
    };
    const { running } = start({ events, views: counted });
    await eventually(() => running.status.checkpoint === 2_600n);
    expect(calls).toEqual([
      'load 10',
      'apply 10 to 1000',
      'load 10',
      'apply 10 to 2000',
      'load 10',
      'apply 10 to 2600',
    ]);
    expect((await views.get(sums, 'k3'))?.value).toEqual({ sum: 250 });
  });
});

it('has caught up once it has what was there, also where more comes faster than it can be kept', async () => {
  const { events, views } = await setUp(added('a', 1), added('a', 2));
  const { running } = start({
    events,
    views: applying(views, async (view, changes, checkpoint) => {
      await appendPast(events, [added('a', 3)]);
      await views.apply(view, changes, checkpoint);
    }),
  });
  expect(running.status.caughtUp).toBe(false);
  await eventually(() => running.status.caughtUp);
  expect(running.status.checkpoint).toBeGreaterThanOrEqual(2n);
});

describe('failures of a store', () => {
  const unavailable = () => new DomainError('store-unavailable');

  it('tries a batch again until the view store takes it', async () => {
    const { events, views } = await setUp(added('a', 1), added('a', 2));
    let failures = 3;
    let resets = 0;
    const backOff = new BackOff(1, 5);
    backOff.reset = () => {
      resets++;
    };
    const { running, log } = start({
      events,
      backOff,
      views: applying(views, async (view, changes, checkpoint) => {
        if (failures-- > 0) throw unavailable();
        await views.apply(view, changes, checkpoint);
      }),
    });
    await upToDate(running, events);
    expect(await sumsIn(views)).toEqual({ a: 3 });
    expect(log.lines.map(({ level, fields }) => [level, fields.view])).toEqual(Array(3).fill(['warn', 'sums']));
    expect(running.status.failures).toBe(0);
    expect(resets).toBeGreaterThan(0);
  });

  it('takes a batch that was kept though it seemed to fail', async () => {
    const { events, views } = await setUp(added('a', 1), added('a', 2));
    let failures = 1;
    const { running } = start({
      events,
      views: applying(views, async (view, changes, checkpoint) => {
        await views.apply(view, changes, checkpoint);
        if (failures-- > 0) throw unavailable();
      }),
    });
    await upToDate(running, events);
    expect(await sumsIn(views)).toEqual({ a: 3 });
  });

  it('says that it fails, is not caught up meanwhile, and can be stopped', async () => {
    const { events, views } = await setUp(added('a', 1));
    let broken = false;
    const { running, stop } = start({
      events,
      views: applying(views, async (view, changes, checkpoint) => {
        if (broken) throw unavailable();
        await views.apply(view, changes, checkpoint);
      }),
    });
    await upToDate(running, events);
    broken = true;
    await appendPast(events, [added('a', 2)]);
    await eventually(() => running.status.failures > 2);
    expect(running.status).toMatchObject({ caughtUp: false, checkpoint: 1n });
    await stop();
    expect(await sumsIn(views)).toEqual({ a: 1 });
  });

  it('follows again when the event store breaks off, with an error or without', async () => {
    const { events, views } = await setUp(added('a', 1));
    let subscriptions = 0;
    const breaking = Object.assign(Object.create(events) as EventStore, {
      head: () => events.head(),
      async *subscribe(options: Parameters<EventStore['subscribe']>[0]) {
        const nth = ++subscriptions;
        if (nth === 1) throw unavailable();
        for await (const item of events.subscribe(options)) {
          yield item;
          if (nth === 2 && item.type === 'event') return;
          if (nth === 3 && item.type === 'event') throw unavailable();
        }
      },
    });
    const { running } = start({ events: breaking, views });
    await upToDate(running, events);
    await appendPast(events, [added('a', 2)]);
    await upToDate(running, events);
    expect(await sumsIn(views)).toEqual({ a: 3 });
    expect(subscriptions).toBeGreaterThanOrEqual(4);
  });
});

describe('an event that can’t be folded', () => {
  const past = [added('a', 1), added('b', 10), added('a', 'poison'), added('a', 2), added('b', 20)];
  const parkedIn = async (views: ViewStore) =>
    (await views.find(parkedKeysView, { limit: 10 })).map(({ key, value }) => [key, value.position]);

  it('parks its key, and the rest goes on', async () => {
    const { events, views } = await setUp(...past);
    const { running, log } = start({ events, views });
    await upToDate(running, events);
    await appendPast(events, [added('a', 4), added('b', 40)]);
    await upToDate(running, events);
    expect(await sumsIn(views)).toEqual({ a: 1, b: 70 });
    expect(running.status).toMatchObject({ parked: 1, failures: 0, checkpoint: 7n });
    const [parked] = await views.find(parkedKeysView, { limit: 10 });
    expect(parked).toMatchObject({
      key: 'sums@1/a',
      value: { position: '3', eventType: 'added', error: 'TypeError', parkedAt: expect.stringMatching(/^20.*Z$/) },
    });
    // The error's words repeat what was in the event.
    expect(JSON.stringify([parked?.value, log.lines])).not.toContain('sealed-name');
    expect(log.lines).toMatchObject([{ level: 'error', fields: { view: 'sums', type: 'added', position: '3' } }]);
  });

  it('is tried again before its key is parked', async () => {
    const { events, views } = await setUp(added('a', 1), added('a', 2));
    let failures = 2;
    const moody = sumsWith((n, sum) => {
      if (n === 2 && failures-- > 0) throw new RangeError('stack');
      return sum + (n as number);
    });
    const { running } = start({ events, views, projection: moody });
    await upToDate(running, events);
    expect(await sumsIn(views)).toEqual({ a: 3 });
    expect(running.status.parked).toBe(0);
  });

  it('stays parked when the process starts again', async () => {
    const { events, views } = await setUp(...past);
    const first = start({ events, views });
    await upToDate(first.running, events);
    await first.stop();
    const second = start({ events, views, projection: healed });
    await appendPast(events, [added('a', 4)]);
    await upToDate(second.running, events);
    expect(second.running.status.parked).toBe(1);
    expect(await sumsIn(views)).toEqual({ a: 1, b: 30 });
  });

  it('loses nothing when the process dies between parking and writing the batch', async () => {
    const { events, views } = await setUp(...past);
    const dying = start({
      events,
      views: applying(views, async (view, changes, checkpoint) => {
        if (view.name === 'sums') throw new DomainError('store-unavailable');
        await views.apply(view, changes, checkpoint);
      }),
    });
    await eventually(() => dying.running.status.failures > 0);
    await dying.stop();
    expect([await parkedIn(views), await views.checkpoint(sums)]).toEqual([[['sums@1/a', '3']], undefined]);
    const { running } = start({ events, views, projection: healed });
    await upToDate(running, events);
    expect(await sumsIn(views)).toEqual({ a: 1, b: 30 });
    expect(await running.retryParked('a')).toBe(true);
    expect(await sumsIn(views)).toEqual({ a: 103, b: 30 });
  });

  it('is not passed over before its parking is kept', async () => {
    const { events, views } = await setUp(...past);
    const { running } = start({
      events,
      views: applying(views, async (view, changes, checkpoint) => {
        if (view.name === parkedKeysView.name) throw new DomainError('store-unavailable');
        await views.apply(view, changes, checkpoint);
      }),
    });
    await eventually(() => running.status.failures > 2);
    expect(await views.checkpoint(sums)).toBeUndefined();
  });

  it('is folded with all behind it once its rule is repaired and somebody asks', async () => {
    const { events, views } = await setUp(...past);
    const first = start({ events, views });
    await upToDate(first.running, events);
    await first.stop();
    const heard: RowChange[] = [];
    const { running } = start({
      events,
      views,
      projection: healed,
      afterCommit: (changes) => heard.push(...changes),
    });
    await upToDate(running, events);
    expect(await running.retryParked('a')).toBe(true);
    expect(await sumsIn(views)).toEqual({ a: 103, b: 30 });
    expect(heard.at(-1)).toEqual({ key: 'a', position: 4n, value: { sum: 103 } });
    expect([running.status.parked, await parkedIn(views)]).toEqual([0, []]);
    await appendPast(events, [added('a', 4)]);
    await upToDate(running, events);
    expect(await sumsIn(views)).toEqual({ a: 107, b: 30 });
    expect(await running.retryParked('a')).toBe(true);
  });

  it('stays parked when it fails again, and moves to the next one that does', async () => {
    const { events, views } = await setUp(added('a', 1), added('a', 'poison'), added('a', 2), added('a', 'poison'));
    const { running } = start({ events, views });
    await upToDate(running, events);
    expect(await running.retryParked('a')).toBe(false);
    expect([await parkedIn(views), await sumsIn(views)]).toEqual([[['sums@1/a', '2']], { a: 1 }]);

    let repaired = 1;
    const half = sumsWith((n, sum) => {
      if (n === 'poison' && repaired-- <= 0) throw poisonous;
      return sum + (n === 'poison' ? 100 : n);
    });
    for (const stop of stops.splice(0)) await stop();
    const again = start({ events, views, projection: half }).running;
    await upToDate(again, events);
    expect(await again.retryParked('a')).toBe(false);
    expect([await parkedIn(views), await sumsIn(views)]).toEqual([[['sums@1/a', '4']], { a: 103 }]);
    repaired = 1;
    expect(await again.retryParked('a')).toBe(true);
    expect(await sumsIn(views)).toEqual({ a: 203 });
  });

  it('can be parked, freed and parked again at neighbouring events', async () => {
    const { events, views } = await setUp(added('a', 'poison'));
    let broken = true;
    const projection = sumsWith((n, sum) => {
      if (broken) throw poisonous;
      return sum + (n === 'poison' ? 100 : n);
    });
    const { running } = start({ events, views, projection });
    for (const expected of [100, 200, 300]) {
      broken = true;
      if (expected > 100) await appendPast(events, [added('a', 'poison')]);
      await upToDate(running, events);
      expect(await parkedIn(views)).toHaveLength(1);
      broken = false;
      expect(await running.retryParked('a')).toBe(true);
      expect([await parkedIn(views), await sumsIn(views)]).toEqual([[], { a: expected }]);
    }
  });

  it('is retried while events go on coming, and none is lost or folded twice', async () => {
    const { events, views } = await setUp(added('a', 'poison'));
    const first = start({ events, views });
    await upToDate(first.running, events);
    await first.stop();
    const slow = applying(views, views.apply.bind(views));
    slow.load = async (...from) => {
      const rows = await views.load(...from);
      for (let turn = 0; turn < 5; turn++) await nextTurn();
      return rows;
    };
    const { running } = start({ events, views: slow, projection: healed });
    await upToDate(running, events);
    const comingIn = async () => {
      for (let index = 0; index < 500; index++) {
        await appendPast(events, [added('a', 1)]);
        if (index % 5 === 0) await nextTurn();
      }
    };
    const coming = comingIn();
    await eventually(() => (running.status.checkpoint ?? 0n) > 20n);
    expect(await running.retryParked('a')).toBe(true);
    expect(await events.head()).toBeLessThan(501n);
    await coming;
    await upToDate(running, events);
    expect(await sumsIn(views)).toEqual({ a: 600 });
  });

  it('stays parked when the process stops during the retry', async () => {
    const { events, views } = await setUp(...past);
    const { running, stop } = start({ events, views });
    await upToDate(running, events);
    await stop();
    await expect(running.retryParked('a')).rejects.toMatchObject({ code: 'shutting-down' });
    expect(await parkedIn(views)).toEqual([['sums@1/a', '3']]);
  });

  it('parks what has no key by its stream', async () => {
    const { events, views } = await setUp(added('a', 1), { stream: 'sum-x', type: 'added', data: null }, added('b', 2));
    const { running } = start({ events, views });
    await upToDate(running, events);
    expect([await sumsIn(views), await parkedIn(views)]).toEqual([{ a: 1, b: 2 }, [['sums@1/?sum-x', '2']]]);
  });

  it('is never taken for folded when its key was unknown: only a rebuild brings it back', async () => {
    const { events, views } = await setUp(added('a', 'poison'), added('a', 2));
    let broken = true;
    const key: typeof sums.key = ({ data }) => {
      if (broken && data.n === 'poison') throw poisonous;
      return data.key;
    };
    const { running } = start({ events, views, projection: { ...healed, key } });
    await upToDate(running, events);
    expect(await sumsIn(views)).toEqual({ a: 2 });
    broken = false;
    await expect(running.retryParked('?sum-a')).rejects.toThrow('needs a rebuild');
    expect([running.status.parked, await parkedIn(views)]).toEqual([1, [['sums@1/?sum-a', '1']]]);
    const rebuilt = start({ events, views, projection: { ...healed, key, version: 2 } }).running;
    await upToDate(rebuilt, events);
    expect(rebuilt.status.parked).toBe(0);
    expect((await views.get(rebuilt.view, 'a'))?.value).toEqual({ sum: 102 });
  });
});
