import fc from 'fast-check';
import { MemoryEventStore } from '../../adapters/memory/memory-event-store.ts';
import { MemoryViewStore } from '../../adapters/memory/memory-view-store.ts';
import type { EventStore } from '../../contracts/ports/event-store.ts';
import type { RowChange, ViewStore } from '../../contracts/ports/view-store.ts';
import { type AnyProjection, Folding } from '../../projector/fold-batch.ts';
import { type RunningProjection, runProjection } from '../../projector/run-projection.ts';
import { appendPast, type Past } from '../support/append-past.ts';
import { eventually } from '../support/eventually.ts';
import { recordingLog } from '../support/recording-log.ts';

const runs = { numRuns: 25 };

/** Every row that the projection could have made of the store's events, tombstones included. */
const rowsOf = async (projection: AnyProjection, events: EventStore, views: ViewStore): Promise<RowChange[]> => {
  const folding = new Folding(projection);
  const keys = new Set<string>();
  const stop = new AbortController();
  for await (const item of events.subscribe({ signal: stop.signal })) {
    if (item.type === 'caught-up') stop.abort();
    const located = item.type === 'event' && folding.locate(item.event);
    if (located) keys.add(located.key);
  }
  const rows = [...(await views.load(projection, [...keys]))];
  return rows.sort((one, other) => (one.key < other.key ? -1 : 1));
};

/** Runs the projection until it has all that the events have when it begins and, then, after `meanwhile`. */
const build = async (
  projection: AnyProjection,
  events: EventStore,
  views: ViewStore,
  meanwhile: () => Promise<void> = async () => {},
): Promise<RowChange[]> => {
  const stop = new AbortController();
  const reached = async (running: RunningProjection) => {
    const head = await events.head();
    await eventually(() => running.status.caughtUp && (running.status.checkpoint ?? 0n) >= head);
  };
  const running = runProjection({ projection, events, views, log: recordingLog(), signal: stop.signal });
  await reached(running);
  await meanwhile();
  await reached(running);
  stop.abort();
  await running.ended;
  expect(running.status).toMatchObject({ parked: 0, failures: 0 });
  return rowsOf(projection, events, views);
};

const stored = async (past: readonly Past[]) => {
  const events = new MemoryEventStore();
  await appendPast(events, past);
  return events;
};

/** The same events, with `more` of the subscription's items in place of each. */
const withItems = (events: EventStore, more: <Item>(item: Item) => Iterable<Item>): EventStore =>
  Object.assign(Object.create(events) as EventStore, {
    head: () => events.head(),
    async *subscribe(options: Parameters<EventStore['subscribe']>[0]) {
      for await (const item of events.subscribe(options)) yield* more(item);
    },
  });

/** A view store that has lost the view's checkpoint: the projection begins anew on the rows that are there. */
const withoutCheckpoint = (views: ViewStore, projection: AnyProjection): ViewStore =>
  Object.assign(Object.create(views) as ViewStore, {
    ...Object.fromEntries(
      (['prepare', 'get', 'position', 'load', 'find', 'apply'] as const).map((name) => [name, views[name].bind(views)]),
    ),
    checkpoint: async (view: AnyProjection) => (view.name === projection.name ? undefined : views.checkpoint(view)),
  });

/** What every projection promises, over any history that can happen; the version before it, where it is kept, too. */
export const projectionContract = (projection: AnyProjection, history: fc.Arbitrary<readonly Past[]>) => {
  if (projection.previous) projectionContract(projection.previous, history);
  describe(`projection: ${projection.name}@${projection.version}`, () => {
    it('makes something of such a history', async () => {
      const [past] = fc.sample(history, { numRuns: 1, seed: 1 });
      expect(await build(projection, await stored(past!), new MemoryViewStore())).not.toEqual([]);
    });

    it('takes an event that comes twice as one', async () => {
      await fc.assert(
        fc.asyncProperty(history, async (past) => {
          const events = await stored(past);
          const twice = withItems(events, (item) => [item, item]);
          const once = await build(projection, events, new MemoryViewStore());
          expect(await build(projection, twice, new MemoryViewStore())).toEqual(once);
        }),
        runs,
      );
    });

    it('changes nothing when all events come again', async () => {
      await fc.assert(
        fc.asyncProperty(history, async (past) => {
          const events = await stored(past);
          const views = new MemoryViewStore();
          const first = await build(projection, events, views);
          expect(await build(projection, events, withoutCheckpoint(views, projection))).toEqual(first);
        }),
        runs,
      );
    });

    it('is rebuilt as it was built live', async () => {
      await fc.assert(
        fc.asyncProperty(history, fc.nat(), async (past, cut) => {
          const middle = cut % (past.length + 1);
          const events = await stored(past.slice(0, middle));
          const live = await build(projection, events, new MemoryViewStore(), () =>
            appendPast(events, past.slice(middle)),
          );
          expect(await build(projection, events, new MemoryViewStore())).toEqual(live);
        }),
        runs,
      );
    });

    it('passes over event types that it does not know', async () => {
      const unknown = ['user.was-something', 'constructor', '__proto__', 'toString', ''];
      await fc.assert(
        fc.asyncProperty(history, fc.constantFrom(...unknown), async (past, type) => {
          const events = await stored(past.flatMap((event) => [event, { ...event, type }]));
          const only = withItems(events, (item) =>
            'event' in (item as object) && (item as { event: Past }).event.type === type ? [] : [item],
          );
          const expected = await build(projection, only, new MemoryViewStore());
          expect(await build(projection, events, new MemoryViewStore())).toEqual(expected);
        }),
        runs,
      );
    });

    it('keeps nothing personal of a user who is deleted', async () => {
      await fc.assert(
        fc.asyncProperty(history, async (past) => {
          const goneFrom = new Set(past.filter(({ type }) => type === 'user.deleted').map(({ stream }) => stream));
          const personal = past
            .filter(({ stream }) => goneFrom.has(stream))
            .flatMap(({ data }) => Object.values(data as object))
            .filter((value) => String(value).startsWith('sealed-'));
          const kept = JSON.stringify(
            (await build(projection, await stored(past), new MemoryViewStore())).map(({ key, value }) => [key, value]),
          );
          for (const value of personal) expect(kept).not.toContain(value);
        }),
        runs,
      );
    });
  });
};
