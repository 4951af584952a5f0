import { randomUUID } from 'node:crypto';
import type { EventStore, NewEvent, Subscribed } from '../../contracts/ports/event-store.ts';
import { collect } from '../support/collect.ts';

const event = (type = 'user.created', data: unknown = {}): NewEvent => ({
  id: randomUUID(),
  type,
  data,
  metadata: { actor: 'test', commandId: randomUUID(), correlationId: 'test' },
});
const events = (count: number) => Array.from({ length: count }, () => event());
const newStream = (category = 'user') => `${category}-${randomUUID()}`;
const conflict = { code: 'revision-conflict' };

/** Follows until `enough` says so. */
const follow = async (
  store: EventStore,
  options: { after?: bigint; streams?: string[] },
  enough: (seen: Subscribed[], item: Subscribed) => boolean | Promise<boolean>,
) => {
  const stop = new AbortController();
  const seen: Subscribed[] = [];
  for await (const item of store.subscribe({ ...options, signal: stop.signal })) {
    seen.push(item);
    if (await enough(seen, item)) stop.abort();
  }
  return seen;
};
const recorded = (seen: readonly Subscribed[]) => seen.flatMap((item) => (item.type === 'event' ? [item.event] : []));

/** What every event store promises. Each adapter runs this whole suite, and nothing weaker. */
export const eventStoreContract = (name: string, open: () => Promise<{ store: EventStore; close(): Promise<void> }>) =>
  describe(`event store: ${name}`, () => {
    let store: EventStore;
    let close: () => Promise<void>;
    beforeAll(async () => {
      ({ store, close } = await open());
    });
    afterAll(() => close());

    describe('append', () => {
      it('lets exactly one of twenty first writers win', async () => {
        const stream = newStream();
        const writes = await Promise.allSettled(
          Array.from({ length: 20 }, () => store.append(stream, 'none', [event()])),
        );
        expect(writes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        for (const write of writes) if (write.status === 'rejected') expect(write.reason).toMatchObject(conflict);
        expect(await collect(store.read(stream))).toHaveLength(1);
      });

      it('keeps every write of racing writers that read, decide and try again', async () => {
        const stream = newStream();
        const writer = async () => {
          for (let done = 0; done < 5; ) {
            const last = await store.readLast(stream);
            await store.append(stream, last?.revision ?? 'none', [event()]).then(
              () => done++,
              (error) => expect(error).toMatchObject(conflict),
            );
          }
        };
        await Promise.all(Array.from({ length: 6 }, writer));
        expect((await collect(store.read(stream))).map(({ revision }) => revision)).toEqual([...Array(30).keys()]);
      });

      it('answers a repeated append as the first, and writes nothing', async () => {
        const stream = newStream();
        const batch = [event(), event('user.profile-changed')];
        const first = await store.append(stream, 'none', batch);
        await store.append(stream, 1, [event()]);
        expect(await store.append(stream, 'none', batch)).toEqual(first);
        expect(await collect(store.read(stream))).toHaveLength(3);
      });

      it('takes known ids at the current revision as new events: expectations protect, ids only recognise a repeat', async () => {
        const stream = newStream();
        const known = event();
        await store.append(stream, 'none', [known]);
        expect(await store.append(stream, 0, [known])).toMatchObject({ revision: 1 });
      });

      it.each<[string, (known: NewEvent, later: NewEvent) => NewEvent[]]>([
        ['a repeat that brings something new', (known) => [known, event()]],
        ['a repeat in another order', (known, later) => [later, known]],
        ['a longer repeat', (known, later) => [known, later, event()]],
      ])('refuses %s', async (_, batch) => {
        const stream = newStream();
        const known = event();
        const later = event();
        await store.append(stream, 'none', [known]);
        await store.append(stream, 0, [later]);
        await expect(store.append(stream, 'none', batch(known, later))).rejects.toMatchObject(conflict);
        expect(await collect(store.read(stream))).toHaveLength(2);
      });

      it.each<[string, number | 'none']>([
        ['too low', 'none'],
        ['too high', 7],
      ])('refuses an expectation that is %s, and writes none of the batch', async (_, expected) => {
        const stream = newStream();
        await store.append(stream, 'none', [event()]);
        await expect(store.append(stream, expected, events(3))).rejects.toMatchObject(conflict);
        expect(await collect(store.read(stream))).toHaveLength(1);
      });

      it('refuses any revision of a stream that is not there', async () => {
        await expect(store.append(newStream(), 0, [event()])).rejects.toMatchObject(conflict);
      });

      it('keeps batches together and in order while others write', async () => {
        const streams = Array.from({ length: 8 }, () => newStream('batch'));
        const after = await store.head();
        await Promise.all(streams.map((stream) => store.append(stream, 'none', events(5))));
        const seen = recorded(
          await follow(store, { after, streams: ['batch-'] }, (all) => recorded(all).length === 40),
        );
        for (let at = 0; at < 40; at += 5) {
          expect(new Set(seen.slice(at, at + 5).map(({ stream }) => stream)).size).toBe(1);
        }
      });

      it('gives back what was written: every field, and Unicode', async () => {
        const stream = newStream();
        const written = event('user.created', {
          name: 'Zoë 🦊 \u0000 "quoted" \\ \u2028',
          list: [1, null, { deep: true }],
        });
        const { position, recordedAt } = await store.append(stream, 'none', [written]);
        expect(await collect(store.read(stream))).toEqual([{ ...written, stream, revision: 0, position, recordedAt }]);
      });

      it('keeps the order of names in data and metadata, over which a mac is computed', async () => {
        const stream = newStream();
        const { metadata } = event();
        const written = {
          ...event(),
          data: { z: 1, a: 2 },
          metadata: { mac: 'of all', schemaVersion: 1, ...metadata },
        };
        await store.append(stream, 'none', [written]);
        const { data, metadata: kept } = (await store.readLast(stream))!;
        expect(JSON.stringify([data, kept])).toBe(JSON.stringify([written.data, written.metadata]));
      });
    });

    describe('read', () => {
      it('yields nothing for a stream that does not exist', async () => {
        expect(await collect(store.read(newStream()))).toEqual([]);
        expect(await store.readLast(newStream())).toBeUndefined();
      });

      it('begins at the revision asked for, and knows the last', async () => {
        const stream = newStream();
        await store.append(stream, 'none', events(1_203));
        const seen = await collect(store.read(stream, 600));
        expect(seen.map(({ revision }) => revision)).toEqual(Array.from({ length: 603 }, (_, index) => 600 + index));
        expect(await store.readLast(stream)).toEqual(seen.at(-1));
      });

      it('yields nothing from a revision that is not there yet', async () => {
        const stream = newStream();
        await store.append(stream, 'none', events(2));
        expect(await collect(store.read(stream, 2))).toEqual([]);
        expect(await collect(store.read(stream, 7))).toEqual([]);
      });

      it('does not mix streams of which one’s name begins like the other’s', async () => {
        const stream = newStream();
        await store.append(stream, 'none', [event()]);
        await store.append(`${stream}-more`, 'none', events(2));
        expect(await collect(store.read(stream))).toHaveLength(1);
      });
    });

    describe('subscribe', () => {
      it('gives what is there and then what comes, once and in order', async () => {
        const stream = newStream();
        await store.append(stream, 'none', events(2));
        const seen = await follow(store, { streams: [stream] }, async (all, item) => {
          if (item.type === 'caught-up' && recorded(all).length === 2) await store.append(stream, 1, events(2));
          return recorded(all).length === 4;
        });
        const order = seen.flatMap((item) =>
          item.type === 'checkpoint' ? [] : [item.type === 'event' ? item.event.revision : item.type],
        );
        expect(order).toEqual([0, 1, 'caught-up', 2, 3]);
      });

      it('has no gap and no double while many write', async () => {
        const prefix = `race${randomUUID()}-`;
        const after = await store.head();
        const writing = Promise.all(
          Array.from({ length: 200 }, (_, index) => store.append(`${prefix}${index}`, 'none', events(1 + (index % 3)))),
        );
        const count = Array.from({ length: 200 }, (_, index) => 1 + (index % 3)).reduce((sum, each) => sum + each);
        const seen = recorded(
          await follow(store, { after, streams: [prefix] }, (all) => recorded(all).length === count),
        );
        await writing;
        expect(new Set(seen.map(({ id }) => id)).size).toBe(count);
        const positions = seen.map(({ position }) => position);
        expect(positions).toEqual([...positions].sort((one, other) => (one < other ? -1 : 1)));
      });

      it('goes on behind the position it is given', async () => {
        const stream = newStream();
        await store.append(stream, 'none', events(3));
        const [, second] = await collect(store.read(stream));
        const seen = await follow(
          store,
          { after: second!.position, streams: [stream] },
          (_, item) => item.type === 'caught-up',
        );
        expect(recorded(seen).map(({ revision }) => revision)).toEqual([2]);
      });

      it('goes on behind a position that is no event’s', async () => {
        const stream = newStream();
        await store.append(stream, 'none', events(3));
        const [first, second] = await collect(store.read(stream));
        for (const after of [second!.position - 1n, first!.position + 1n, 1n]) {
          const caughtUp = (_: unknown, item: Subscribed) => item.type === 'caught-up';
          const seen = recorded(await follow(store, { after, streams: [stream] }, caughtUp));
          const behind = [0, 1, 2].slice(after < first!.position ? 0 : after < second!.position ? 1 : 2);
          expect(seen.map(({ revision }) => revision)).toEqual(behind);
        }
      });

      it('gives only streams whose names begin as asked', async () => {
        const tag = randomUUID();
        const after = await store.head();
        for (const category of ['alpha', 'beta', 'gamma']) await store.append(`${category}${tag}-1`, 'none', [event()]);
        const seen = await follow(
          store,
          { after, streams: [`alpha${tag}-`, `gamma${tag}-`] },
          (all) => recorded(all).length === 2,
        );
        expect(recorded(seen).map(({ stream }) => stream)).toEqual([`alpha${tag}-1`, `gamma${tag}-1`]);
      });

      it('takes a beginning of a name literally', async () => {
        const tag = randomUUID();
        await store.append(`wild${tag}-1`, 'none', [event()]);
        await store.append(`w%_*${tag}-1`, 'none', [event()]);
        const seen = await follow(store, { streams: ['w%_*'] }, (all) => recorded(all).length === 1);
        expect(recorded(seen)[0]?.stream).toBe(`w%_*${tag}-1`);
      });

      it('says how far it is though nothing matched', async () => {
        const { position } = await store.append(newStream('other'), 'none', [event()]);
        await follow(
          store,
          { streams: ['nothing-'] },
          (_, item) => item.type === 'checkpoint' && item.position >= position,
        );
      });

      it('says at once how far it is when something comes that does not match', async () => {
        let position = 0n;
        await follow(store, { after: await store.head(), streams: ['nothing-'] }, async (_, item) => {
          if (item.type === 'caught-up') ({ position } = await store.append(newStream('other'), 'none', events(3)));
          return position > 0n && item.type === 'checkpoint' && item.position >= position;
        });
      });

      it('comes to the head', async () => {
        await store.append(newStream('other'), 'none', [event()]);
        const head = await store.head();
        await follow(store, {}, (_, item) => item.type === 'checkpoint' && item.position >= head);
      });

      it('says how far it is behind a live event and never outruns one', async () => {
        const stream = newStream();
        const { position } = await store.append(stream, 'none', [event()]);
        const seen = await follow(
          store,
          { streams: [stream] },
          (_, item) => item.type === 'checkpoint' && item.position >= position,
        );
        const at = seen.findIndex((item) => item.type === 'event');
        expect(at).toBeGreaterThanOrEqual(0);
        for (const item of seen.slice(0, at))
          if (item.type === 'checkpoint') expect(item.position).toBeLessThan(position);
      });

      it('commits often enough while it catches up', async () => {
        const stream = newStream();
        await store.append(stream, 'none', events(2_500));
        const seen = await follow(store, { streams: [stream] }, (_, item) => item.type === 'caught-up');
        let since = 0;
        for (const item of seen) {
          since = item.type === 'event' ? since + 1 : 0;
          expect(since).toBeLessThanOrEqual(1_000);
        }
        expect(recorded(seen)).toHaveLength(2_500);
      });

      it('ends when its signal aborts, at once when it already has', async () => {
        expect(await collect(store.subscribe({ signal: AbortSignal.abort() }))).toEqual([]);
        const stop = new AbortController();
        const following = collect(store.subscribe({ after: await store.head(), signal: stop.signal }));
        stop.abort();
        await following;
      });
    });

    it('knows its head', async () => {
      const { position } = await store.append(newStream(), 'none', events(2));
      expect(await store.head()).toBe(position);
    });
  });
