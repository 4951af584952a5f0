import { randomUUID } from 'node:crypto';
import { EventStoreDBClient } from '@eventstore/db-client';
import { type EventStoreDbEventStore, openEventStoreDb } from '../../adapters/eventstoredb/eventstoredb-event-store.ts';
import { DomainError } from '../../contracts/errors.ts';
import type { NewEvent, RecordedEvent, SubscribeOptions } from '../../contracts/ports/event-store.ts';
import { withBackend } from '../support/backends.ts';
import { collect } from '../support/collect.ts';
import { eventually } from '../support/eventually.ts';
import { recordingLog } from '../support/recording-log.ts';

const event = (data: unknown = {}): NewEvent => ({
  id: randomUUID(),
  type: 'user.created',
  data,
  metadata: { actor: 'test', commandId: randomUUID(), correlationId: randomUUID() },
});

withBackend('EVENTSTORE_URL', (url) => {
  let client: EventStoreDBClient;
  const stores: EventStoreDbEventStore[] = [];
  const open = async (namespace: string) => {
    const store = await openEventStoreDb({ url, namespace, log: recordingLog() });
    stores.push(store);
    return store;
  };
  beforeAll(() => {
    client = EventStoreDBClient.connectionString(url);
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
  });
  afterAll(() => client.dispose());

  /** What there is for a subscriber, up to the live end. */
  const untilCaughtUp = async (store: EventStoreDbEventStore, options: Omit<SubscribeOptions, 'signal'> = {}) => {
    const seen: RecordedEvent[] = [];
    let checkpoint = 0n;
    for await (const item of store.subscribe({ ...options, signal: new AbortController().signal })) {
      if (item.type === 'event') seen.push(item.event);
      else if (item.type === 'checkpoint') checkpoint = item.position;
      else break;
    }
    return { seen, checkpoint };
  };
  const foreign = (stream: string, contentType: 'application/json' | 'application/octet-stream', rest: object = {}) =>
    client.appendToStream(stream, {
      id: randomUUID(),
      type: 'something.happened',
      contentType,
      data: contentType === 'application/json' ? { theirs: true } : Buffer.from([1, 2, 255]),
      ...rest,
    } as never);

  describe('the store’s name', () => {
    it('is the same for all who open it, at once or later, and differs between namespaces', async () => {
      const namespace = randomUUID();
      const ids = (await Promise.all([open(namespace), open(namespace), open(namespace)])).map(({ id }) => id);
      ids.push((await open(namespace)).id);
      expect(new Set(ids).size).toBe(1);
      expect((await open(randomUUID())).id).not.toBe(ids[0]);
    });

    it('is nothing that the port shows', async () => {
      const store = await open(randomUUID());
      expect(await store.head()).toBe(0n);
      expect((await untilCaughtUp(store)).seen).toEqual([]);
    });
  });

  describe('several on one server', () => {
    it('see nothing of each other, though one’s name begins like the other’s', async () => {
      const namespace = randomUUID();
      const [one, other] = [await open(namespace), await open(`${namespace}-b`)];
      const { position } = await one.append('user-1', 'none', [event()]);
      await other.append('user-1', 'none', [event(), event()]);
      expect((await untilCaughtUp(one)).seen.map(({ stream }) => stream)).toEqual(['user-1']);
      expect((await untilCaughtUp(other, { streams: ['user-'] })).seen).toHaveLength(2);
      expect(await one.head()).toBe(position);
    });

    it('are no obstacle to a subscriber that wants to know how far it is', async () => {
      const [one, other] = [await open(randomUUID()), await open(randomUUID())];
      await one.append('user-1', 'none', [event()]);
      await other.append('user-1', 'none', [event()]);
      const { checkpoint } = await untilCaughtUp(one);
      expect(checkpoint).toBeGreaterThanOrEqual(await one.head());
    });

    it('find their head behind much that others wrote, or something that is behind it', async () => {
      const [one, other] = [await open(randomUUID()), await open(randomUUID())];
      const { position } = await one.append('user-1', 'none', [event()]);
      const some = () => Array.from({ length: 200 }, () => event());
      await other.append('user-1', 'none', some());
      expect(await one.head()).toBe(position);
      await other.append('user-2', 'none', some());
      await other.append('user-3', 'none', some());
      expect(await one.head()).toBeGreaterThan(position);
    });

    it('refuse a namespace that could be taken for another’s', async () => {
      for (const namespace of ['a.b', 'a:', '$a', 'a b']) await expect(open(namespace)).rejects.toThrow('namespace');
    });
  });

  describe('a server on which other applications write', () => {
    it('works without a namespace, and passes over what it can’t be given', async () => {
      const store = await open('');
      const tag = randomUUID();
      const { position } = await store.append(`user-${tag}-1`, 'none', [event()]);
      await foreign(`user-${tag}-binary`, 'application/octet-stream');
      await foreign(`user-${tag}-bare`, 'application/json');
      await foreign(`user-${tag}-text`, 'application/json', { metadata: 'not ours' });
      await client.setStreamMetadata(`user-${tag}-1`, { maxCount: 1_000 });
      await store.append(`user-${tag}-2`, 'none', [event()]);
      const after = position - 1n;
      const [all, some] = [
        await untilCaughtUp(store, { after }),
        await untilCaughtUp(store, { after, streams: [`user-${tag}`] }),
      ];
      for (const { seen } of [all, some]) {
        const ours = seen.filter(({ stream }) => stream.includes(tag));
        expect(ours.map(({ stream }) => stream.slice(-5))).toEqual(
          ['1', '-bare', '-text', '-2'].map((end) => `${tag}${end === '1' ? '-1' : end}`.slice(-5)),
        );
        for (const { metadata } of ours)
          expect(metadata).toMatchObject({ actor: expect.any(String), commandId: expect.any(String) });
        for (const { stream } of seen) expect(stream).not.toMatch(/^[$:]/);
      }
    });

    it('passes over what comes live, and goes on', async () => {
      const namespace = randomUUID();
      const store = await open(namespace);
      const stop = new AbortController();
      const seen: string[] = [];
      let checkpoint = 0n;
      const following = (async () => {
        for await (const item of store.subscribe({ signal: stop.signal })) {
          if (item.type === 'event') seen.push(item.event.stream);
          if (item.type === 'checkpoint') checkpoint = item.position;
        }
      })();
      await store.append('user-1', 'none', [event()]);
      await eventually(() => seen.length === 1);
      await foreign(`${namespace}.user-binary`, 'application/octet-stream');
      const { position } = await foreign(`other-${randomUUID()}`, 'application/json');
      await eventually(() => checkpoint >= position!.commit);
      await store.append('user-2', 'none', [event()]);
      await eventually(() => seen.length > 1);
      stop.abort();
      await following;
      expect(seen).toEqual(['user-1', 'user-2']);
    });

    it('reads a stream into which somebody else has written', async () => {
      const namespace = randomUUID();
      const store = await open(namespace);
      await store.append('user-1', 'none', [event()]);
      await foreign(`${namespace}.user-1`, 'application/octet-stream');
      await foreign(`${namespace}.user-1`, 'application/json', { metadata: { recordedAt: 'never' } });
      const [, binary, bare] = await collect(store.read('user-1'));
      expect(binary).toMatchObject({ data: null, revision: 1, metadata: { actor: 'unknown', commandId: binary!.id } });
      expect(bare).toMatchObject({ data: { theirs: true }, metadata: { actor: 'unknown' } });
      expect(bare!.recordedAt.getTime()).toBeGreaterThan(Date.now() - 60_000);
      expect(await store.append('user-1', 2, [event()])).toMatchObject({ revision: 3 });
    });

    it.each(['deleteStream', 'tombstoneStream'] as const)('takes a stream for empty after %s', async (remove) => {
      const namespace = randomUUID();
      const store = await open(namespace);
      await store.append('ticks-1', 'none', [event(), event()]);
      await client[remove](`${namespace}.ticks-1`);
      expect(await collect(store.read('ticks-1'))).toEqual([]);
      expect(await store.readLast('ticks-1')).toBeUndefined();
      const again = store.append('ticks-1', 'none', [event()]);
      if (remove === 'deleteStream') expect(await again).toMatchObject({ revision: 2 });
      else await expect(again).rejects.toMatchObject({ code: 'revision-conflict' });
    });

    it('lets the server’s own tools find what belongs together, and keeps metadata as they were written', async () => {
      const namespace = randomUUID();
      const store = await open(namespace);
      const written = event();
      const metadata = { mac: 'first', ...written.metadata, causationId: randomUUID() };
      await store.append('user-1', 'none', [{ ...written, metadata }]);
      for await (const { event: stored } of client.readStream(`${namespace}.user-1`)) {
        const { correlationId: $correlationId, causationId: $causationId } = metadata;
        expect(stored).toMatchObject({ metadata: { $correlationId, $causationId }, isJson: true });
      }
      expect(JSON.stringify((await store.readLast('user-1'))!.metadata)).toBe(JSON.stringify(metadata));
    });
  });

  describe('what can’t be stored', () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const valid = event();
    it.each<[string, string, unknown, NewEvent[]]>([
      ['an id that is no UUID', 'user-1', 'none', [{ ...valid, id: 'one' }]],
      ['an id in capitals', 'user-1', 'none', [{ ...valid, id: randomUUID().toUpperCase() }]],
      ['an empty id', 'user-1', 'none', [{ ...valid, id: '00000000-0000-0000-0000-000000000000' }]],
      ['an empty type', 'user-1', 'none', [{ ...valid, type: '' }]],
      ['a type of the server’s own', 'user-1', 'none', [{ ...valid, type: '$metadata' }]],
      ['no event', 'user-1', 'none', []],
      ['a bad one behind a good one', 'user-1', 'none', [valid, { ...valid, id: '' }]],
      ['data that is no JSON', 'user-1', 'none', [{ ...valid, data: undefined }]],
      ['data that can’t be JSON', 'user-1', 'none', [{ ...valid, data: circular }]],
      ['a stream without a name', '', 'none', [valid]],
      ['half a character', 'user-\ud800', 'none', [valid]],
      ['a revision below none', 'user-1', -1, [valid]],
      ['half a revision', 'user-1', 0.5, [valid]],
      [
        'more than the server takes',
        'user-1',
        'none',
        [event({ text: 'x'.repeat(600_000) }), event({ text: 'x'.repeat(600_000) })],
      ],
    ])('refuses %s before it is sent, and goes on', async (_, stream, expected, events) => {
      const store = await open(randomUUID());
      const refused = await store.append(stream, expected as never, events).catch((error) => error);
      expect(refused).toBeInstanceOf(Error);
      expect(refused).not.toBeInstanceOf(DomainError);
      expect(await store.append('user-1', 'none', [valid])).toMatchObject({ revision: 0 });
    });

    it('names the limit of an append, and takes all below it', async () => {
      const store = await open(randomUUID());
      for (const length of [1_048_576, 20_000_000]) {
        await expect(store.append('user-1', 'none', [event('x'.repeat(length))])).rejects.toThrow('1048576');
      }
      const large = 'x'.repeat(1_047_000);
      await store.append('user-1', 'none', [event(large)]);
      expect((await store.readLast('user-1'))!.data).toBe(large);
    });

    it.each(['$', '$$', '$all', '$$user-1', ':store', ':x'])(
      'keeps away from %s where it has no namespace',
      async (stream) => {
        const store = await open('');
        await expect(store.append(stream, 'none', [event()])).rejects.toThrow('name');
        await expect(collect(store.read(stream))).rejects.toThrow('name');
        await expect(store.readLast(stream)).rejects.toThrow('name');
      },
    );

    it('can have such names in a namespace', async () => {
      const store = await open(randomUUID());
      for (const stream of ['$', '$$', ':x', '.', 'a b%_*\\é🦊']) {
        await store.append(stream, 'none', [event()]);
        expect((await untilCaughtUp(store, { streams: [stream] })).seen.at(-1)).toMatchObject({ stream });
      }
    });
  });

  describe('a subscriber', () => {
    it('can take its time: what it misses while it is live it is given from the log, once and in order', async () => {
      const store = await open(randomUUID());
      const [stop, seen] = [new AbortController(), [] as number[]];
      let heard = 0;
      const hearing = (async () => {
        for await (const item of store.subscribe({ signal: stop.signal })) if (item.type === 'event') heard++;
      })();
      let go = () => {};
      const slow = new Promise<void>((resolve) => (go = resolve));
      const following = (async () => {
        for await (const item of store.subscribe({ streams: ['ticks-'], signal: stop.signal })) {
          if (item.type !== 'event') continue;
          if (seen.push(Number(item.event.data)) === 1) await slow;
        }
      })();
      let written = 0;
      const write = (count: number) =>
        store.append(
          `ticks-${written}`,
          'none',
          Array.from({ length: count }, () => event(written++)),
        );
      await write(1);
      await eventually(() => seen.length === 1);
      for (let batch = 0; batch < 12; batch++) await write(500);
      await eventually(() => heard === written);
      go();
      await eventually(() => seen.length === written);
      await write(3);
      await eventually(() => seen.length === written);
      stop.abort();
      await Promise.all([following, hearing]);
      expect(seen).toEqual(Array.from({ length: written }, (_, index) => index));
    });

    it('can take its time while it catches up: no checkpoint overtakes an event', async () => {
      const store = await open(randomUUID());
      const numbers = Array.from({ length: 4_500 }, (_, index) => index);
      for (let from = 0; from < numbers.length; from += 500) {
        await store.append(`ticks-${from}`, 'none', numbers.slice(from, from + 500).map(event));
      }
      const seen: unknown[] = [];
      let checkpoint = 0n;
      for await (const item of store.subscribe({ streams: ['ticks-'], signal: new AbortController().signal })) {
        if (item.type === 'caught-up') break;
        if (item.type === 'checkpoint') checkpoint = item.position;
        else {
          expect(item.event.position).toBeGreaterThan(checkpoint);
          seen.push(item.event.data);
          // Long enough for what comes to wait.
          if (seen.length % 50 === 0) await new Promise((later) => setTimeout(later, 5));
        }
      }
      expect(seen).toEqual(numbers);
    });

    it('can ask for nothing at all, and hears how far it is', async () => {
      const store = await open(randomUUID());
      const { position } = await store.append('user-1', 'none', [event()]);
      const { seen, checkpoint } = await untilCaughtUp(store, { streams: [] });
      expect(seen).toEqual([]);
      expect(checkpoint).toBeGreaterThanOrEqual(position);
    });
  });
});
