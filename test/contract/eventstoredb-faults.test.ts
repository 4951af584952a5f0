import { randomUUID } from 'node:crypto';
import { type EventStoreDbEventStore, openEventStoreDb } from '../../adapters/eventstoredb/eventstoredb-event-store.ts';
import { isDomainError } from '../../contracts/errors.ts';
import type { NewEvent, RecordedEvent } from '../../contracts/ports/event-store.ts';
import { withBackend } from '../support/backends.ts';
import { collect } from '../support/collect.ts';
import { eventually } from '../support/eventually.ts';
import { recordingLog } from '../support/recording-log.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const deadlineMs = 1_000;
const unavailable = { code: 'store-unavailable', retriable: true };

const event = (data: unknown = {}): NewEvent => ({
  id: randomUUID(),
  type: 'user.created',
  data,
  metadata: { actor: 'test', commandId: randomUUID(), correlationId: 'test' },
});

withBackend('EVENTSTORE_URL', (url) => {
  const [, before, target, after] = /^(\w+:\/\/(?:[^@]*@)?)([^/?]+)(.*)$/.exec(url)!;
  let proxy: TcpProxy;
  const open = (namespace: string = randomUUID()) =>
    openEventStoreDb({ url: `${before}${proxy.address}${after}`, namespace, log: recordingLog(), deadlineMs });
  const stores: EventStoreDbEventStore[] = [];
  const opened = async () => {
    const store = await open();
    stores.push(store);
    return store;
  };
  beforeEach(async () => {
    proxy = await startTcpProxy({ target: target! });
  });
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close();
    await proxy.close();
  });

  /** How long it took to fail, and that it failed as a store that is away does. */
  const failsWithin = async (ms: number, work: () => Promise<unknown>) => {
    const from = performance.now();
    await expect(work()).rejects.toMatchObject(unavailable);
    expect(performance.now() - from).toBeLessThan(ms);
  };
  const untilDone = <Result>(work: () => Promise<Result>) =>
    eventually(async () => ({ result: await work() })).then(({ result }) => result);

  describe('a server that is away', () => {
    it.each<[string, () => unknown]>([
      ['gone', () => proxy.refuse()],
      ['stopped', () => proxy.pause()],
    ])('refuses to open when it is %s, and opens when it is back', async (_, fail) => {
      await fail();
      await failsWithin(deadlineMs + 500, open);
      await proxy.resume();
      stores.push(await open());
    });

    it.each<[string, () => unknown]>([
      ['gone', () => proxy.refuse()],
      ['stopped', () => proxy.pause()],
      ['cut off without a word', () => proxy.strand()],
    ])('fails every call in time when it is %s, and does them when it is back', async (_, fail) => {
      const store = await opened();
      await store.append('user-1', 'none', [event()]);
      await fail();
      const limit = deadlineMs + 500;
      await Promise.all([
        failsWithin(limit, () => store.append('user-1', 0, [event()])),
        failsWithin(limit, () => collect(store.read('user-1'))),
        failsWithin(limit, () => store.readLast('user-1')),
        failsWithin(limit, () => store.head()),
      ]);
      await proxy.resume();
      await untilDone(() => store.readLast('user-1'));
      const { revision } = (await store.readLast('user-1'))!;
      expect(await store.append('user-1', revision, [event()])).toMatchObject({ revision: revision + 1 });
    });

    it('needs no longer than a call’s deadline to find another way when the connection has died without a word', async () => {
      const store = await opened();
      await store.append('user-1', 'none', [event()]);
      proxy.strand();
      await expect(store.append('user-2', 'none', [event()])).rejects.toMatchObject(unavailable);
      await store.append('user-3', 'none', [event()]);
      expect(await store.readLast('user-3')).toBeDefined();
    });

    it('comes back at once, however long it was away', async () => {
      const store = await opened();
      await proxy.refuse();
      for (let attempt = 0; attempt < 20; attempt++) await expect(store.head()).rejects.toMatchObject(unavailable);
      await proxy.resume();
      const from = performance.now();
      await untilDone(() => store.append('user-1', 'none', [event()]));
      expect(performance.now() - from).toBeLessThan(1_000);
    });
  });

  describe('an append of which nobody knows what became', () => {
    it('answers its repeat as the first would have been, whenever the first was written', async () => {
      const store = await opened();
      const batch = [event(), event()];
      await store.append('user-0', 'none', [event()]);
      proxy.pause();
      await expect(store.append('user-1', 'none', batch)).rejects.toMatchObject(unavailable);
      await proxy.resume();
      const repeated = await untilDone(() => store.append('user-1', 'none', batch));
      const [, last, ...more] = await collect(store.read('user-1'));
      expect(more).toEqual([]);
      expect(repeated).toEqual({ revision: 1, position: last!.position, recordedAt: last!.recordedAt });
      expect(await store.append('user-1', 'none', batch)).toEqual(repeated);
    });

    it('is written once when it is repeated, with many under way while the connection breaks', async () => {
      const namespace = randomUUID();
      const [store, beside] = [await open(namespace), await openEventStoreDb({ url, namespace, log: recordingLog() })];
      stores.push(store, beside);
      await store.append('user-first', 'none', [event()]);
      const streams = Array.from({ length: 200 }, (_, index) => `user-${index}`);
      let failures = 0;
      // So that answers are still under way when all is written.
      proxy.latencyMs = deadlineMs / 8;
      const writing = streams.map((stream) => {
        const only = [event()];
        return untilDone(() =>
          store.append(stream, 'none', only).catch((error) => {
            if (isDomainError(error, 'store-unavailable')) failures++;
            throw error;
          }),
        );
      });
      await eventually(() => beside.readLast(streams.at(-1)!));
      proxy.latencyMs = 0;
      proxy.cut();
      const answers = await Promise.all(writing);
      expect(failures).toBeGreaterThan(0);
      for (const [index, stream] of streams.entries()) {
        const [only, ...more] = await collect(store.read(stream));
        expect(more).toEqual([]);
        expect(answers[index]).toEqual({ revision: 0, position: only!.position, recordedAt: only!.recordedAt });
      }
    });

    it('leaves other stores of the process alone', async () => {
      const [store, other] = [
        await opened(),
        await openEventStoreDb({ url, namespace: randomUUID(), log: recordingLog() }),
      ];
      stores.push(other);
      await store.append('user-0', 'none', [event()]);
      proxy.pause();
      const lost = store.append('user-1', 'none', [event()]).catch((error) => error);
      for (let index = 0; index < 300; index++) {
        await other.append(`user-${index}`, 'none', [event()]);
        if (index === 100) proxy.cut();
      }
      expect(await lost).toMatchObject(unavailable);
    });
  });

  describe('a subscription', () => {
    let stop: AbortController;
    beforeEach(() => {
      stop = new AbortController();
    });
    // Also when a test has failed before its end.
    afterEach(() => stop.abort());

    /** Follows as its callers do: again behind the last position seen, whenever it fails. */
    const follow = (store: EventStoreDbEventStore, streams?: string[]) => {
      const { signal } = stop;
      const seen = { events: [] as RecordedEvent[], caughtUp: 0, failures: 0, checkpoint: 0n };
      const following = (async () => {
        let at: bigint | undefined;
        while (!signal.aborted) {
          try {
            for await (const item of store.subscribe({ after: at, streams, signal })) {
              if (item.type === 'caught-up') seen.caughtUp++;
              else if (item.type === 'event') seen.events.push(item.event);
              if (item.type === 'event') at = item.event.position;
              if (item.type === 'checkpoint') at = seen.checkpoint = item.position;
            }
          } catch (error) {
            expect(error).toMatchObject(unavailable);
            seen.failures++;
            await new Promise((later) => setTimeout(later, 10));
          }
        }
      })();
      return { seen, following };
    };

    it.each<[string, () => unknown]>([
      ['cut', () => proxy.cut()],
      ['gone', () => proxy.refuse()],
      ['stopped', () => proxy.pause()],
      ['cut off without a word', () => proxy.strand()],
    ])('fails promptly when the server is %s, and goes on behind without gap or double', async (_, fail) => {
      const [store, writer] = [
        await opened(),
        await openEventStoreDb({ url, namespace: randomUUID(), log: recordingLog() }),
      ];
      stores.push(writer);
      const [all, some] = [follow(store), follow(store, ['even-'])];
      const streams: string[] = [];
      const write = async (count: number) => {
        for (let index = 0; index < count; index++) {
          const stream = `${streams.length % 2 ? 'odd' : 'even'}-${streams.length}`;
          streams.push(stream);
          await untilDone(() => store.append(stream, 'none', [event()]));
        }
      };
      await eventually(() => all.seen.caughtUp === 1 && some.seen.caughtUp === 1);
      await write(20);
      await fail();
      const from = performance.now();
      await eventually(() => all.seen.failures > 0 && some.seen.failures > 0);
      expect(performance.now() - from).toBeLessThan(3 * deadlineMs);
      await proxy.resume();
      await write(20);
      const head = await untilDone(() => store.head());
      await eventually(() => all.seen.checkpoint >= head && some.seen.checkpoint >= head);
      stop.abort();
      await Promise.all([all.following, some.following]);
      expect(all.seen.events.map(({ stream }) => stream)).toEqual(streams);
      expect(some.seen.events.map(({ stream }) => stream)).toEqual(streams.filter((name) => name.startsWith('even')));
      expect(all.seen.caughtUp).toBeGreaterThan(1);
    });

    it('fails promptly also while it catches up', async () => {
      const store = await opened();
      for (let batch = 0; batch < 10; batch++) {
        const events = Array.from({ length: 300 }, () => event('x'.repeat(1_000)));
        await store.append(`user-${batch}`, 'none', events);
      }
      let seen = 0;
      const following = (async () => {
        for await (const item of store.subscribe({ signal: stop.signal })) {
          if (item.type === 'event' && ++seen === 100) proxy.strand();
        }
      })();
      await failsWithin(4 * deadlineMs, () => following);
      expect(seen).toBeLessThan(3_000);
    });

    it('ends when the store is closed, like every later call', async () => {
      const store = await open();
      const following = collect(store.subscribe({ signal: new AbortController().signal }));
      const refused = expect(following).rejects.toMatchObject(unavailable);
      await store.append('user-1', 'none', [event()]);
      await store.close();
      await refused;
      await expect(store.append('user-1', 'none', [event()])).rejects.toMatchObject(unavailable);
      await expect(store.readLast('user-1')).rejects.toMatchObject(unavailable);
      await expect(collect(store.read('user-1'))).rejects.toMatchObject(unavailable);
      await expect(store.head()).rejects.toMatchObject(unavailable);
      await expect(collect(store.subscribe({ signal: new AbortController().signal }))).rejects.toMatchObject(
        unavailable,
      );
    });
  });

  it('reads as often as one likes without the server taking it for an attack', async () => {
    const store = await opened();
    await store.append('user-1', 'none', [event(), event()]);
    for (let round = 0; round < 50; round++) {
      await Promise.all(
        Array.from({ length: 50 }, (_, index) => store.readLast(index % 10 ? 'user-1' : `user-missing-${index}`)),
      );
    }
    expect(proxy.connections).toBe(1);
  });
});
