import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { MemoryViewStore } from '../../adapters/memory/memory-view-store.ts';
import { connectMongo } from '../../adapters/mongodb/mongo-connection.ts';
import { MongoViewStore } from '../../adapters/mongodb/mongo-view-store.ts';
import { SqliteEventStore } from '../../adapters/sqlite/sqlite-event-store.ts';
import { SqliteViewStore } from '../../adapters/sqlite/sqlite-view-store.ts';
import { isDomainError } from '../../contracts/errors.ts';
import type { ViewStore } from '../../contracts/ports/view-store.ts';
import type { AnyProjection } from '../../projector/fold-batch.ts';
import { noticeKey, notices } from '../../projector/notices/notice.projection.ts';
import { startProjector } from '../../projector/projector.ts';
import { userProfiles } from '../../projector/users/user-profile.projection.ts';
import { withBackend } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { holdingViews } from '../support/holding-views.ts';
import { nextRelease, thisRelease } from '../support/next-release.ts';
import { peopleOver } from '../support/people.ts';
import { recordingLog } from '../support/recording-log.ts';
import { type SocketStage, type StageClient, socketStage, stageInstallation } from '../support/socket-stage.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const [newProfiles, newNotices] = nextRelease as [AnyProjection, AnyProjection];
const usersAtWork = 8;

/** One installation, of which projectors and query-apis of either release come and go. */
const installation = (views: ViewStore, people = peopleOver()) => {
  const shared = stageInstallation(views, people);
  let holder = '';
  const projector = (name: string, projections: readonly AnyProjection[], keepOldMs?: number) => {
    const log = recordingLog();
    const lease = { held: () => holder === name };
    const { views: held, hold } = holdingViews(views);
    const running = startProjector({
      ...{ ...shared, views: held, log, lease, projections, priceTtlSeconds: 60 },
      ...(keepOldMs !== undefined && { keepOldMs }),
    });
    let stopped: Promise<void> | undefined;
    const stop = () => {
      stopped ??= running.stop();
      return stopped;
    };
    stops.push(stop);
    return { ...running, log, hold, stop };
  };
  const queryApi = async (known: readonly AnyProjection[]): Promise<SocketStage> => {
    const stage = await socketStage({}, shared, known);
    let stopped: Promise<void> | undefined;
    const stop = () => {
      stopped ??= stage.stop();
      return stopped;
    };
    stops.push(stop);
    return { ...stage, stop };
  };
  /** Of a process, or of whichever is at work now. */
  const caughtUp = async ({ statuses }: Pick<ReturnType<typeof projector>, 'statuses'>) => {
    const head = await people.store.head();
    await eventually(() => statuses().every(({ caughtUp: is, checkpoint = 0n }) => is && checkpoint >= head), 30_000);
  };
  /** Until it keeps up to date what is read. */
  const serves = async ({ statuses }: Pick<ReturnType<typeof projector>, 'statuses'>) => {
    const read = () => statuses().filter(({ serving }) => serving);
    await eventually(() => read().every(({ standby, caughtUp: is }) => !standby && is), 20_000);
  };
  return {
    ...{ people, projector, queryApi, caughtUp, serves },
    give: (to: string) => {
      holder = to;
    },
  };
};

type Progress = { name: number; position: bigint };

interface Pace {
  /** Between two reads of one reader, so that the store is busy and not overrun. */
  readonly pauseMs: number;
  /** Whether readers bear that a view is behind, and ask again as the API advises: of a server that others use, too. */
  readonly patient: boolean;
}

/** People who change their names all the time, and read themselves with what they have seen. */
const load = (people: ReturnType<typeof peopleOver>, userIds: readonly string[], { pauseMs, patient }: Pace) => {
  const stopping = new AbortController();
  const { signal } = stopping;
  const last = new Map<string, Progress>(userIds.map((id) => [id, { name: 0, position: 0n }]));
  const failures: string[] = [];
  const loops: Promise<void>[] = [];
  const counted = { changes: 0, reads: 0, late: 0 };
  /** While one projector hands over to the next, a view may be behind for longer than a reader waits. */
  let handingOver = false;

  const change = async (id: string) => {
    for (let name = 1; !signal.aborted; name++) {
      const { position = 0n } = await people.change(id, { name: `Name ${name}` });
      last.set(id, { name, position });
      counted.changes++;
      await pause(pauseMs * 3);
    }
  };
  const readAs = async (id: string, { users }: SocketStage, until: AbortSignal) => {
    let seen: Progress = { name: 0, position: 0n };
    while (!signal.aborted && !until.aborted) {
      const written = last.get(id)!;
      const minimum = written.position > seen.position ? written.position : seen.position;
      const least = Math.max(written.name, seen.name);
      const tolerant = patient || handingOver;
      try {
        const { user, position } = await users.read(id, minimum);
        const name = Number(user.name.split(' ')[1] ?? 0);
        if (name < least) failures.push(`read Name ${name} behind Name ${least}`);
        if (position < minimum) failures.push(`read at ${position} behind ${minimum}`);
        seen = { name, position };
        counted.reads++;
      } catch (error) {
        if (!(isDomainError(error, 'view-behind') && (tolerant || handingOver))) failures.push(String(error));
        else counted.late++;
      }
      await pause(pauseMs);
    }
  };
  for (const id of userIds) loops.push(change(id));
  const stop = async () => {
    stopping.abort();
    await Promise.all(loops);
  };
  stops.push(stop);
  return {
    ...{ counted, failures },
    /** Everybody reads there, too, until they stop. */
    readAt: (stage: SocketStage) => {
      const until = new AbortController();
      const reading = userIds.map((id) => readAs(id, stage, until.signal));
      loops.push(...reading);
      return async () => {
        until.abort();
        await Promise.all(reading);
      };
    },
    handOver: async (work: () => Promise<unknown>) => {
      handingOver = true;
      await work();
      handingOver = false;
    },
    stop,
  };
};

/** What a client that has heard of everything has heard, in order, and of each once. */
const expectNoGap = async ({ views }: SocketStage, version: AnyProjection, { heard, other }: StageClient) => {
  const behind = other.find(({ event }) => event === 'ready')!.value.cursor!.split('.')[1]!;
  const rows = await views.find(version, { after: noticeKey(BigInt(behind)), limit: 100_000 });
  const expected = rows.map(({ position }) => String(position));
  await eventually(() => heard.length >= expected.length, 20_000);
  expect(heard.map(({ position }) => position)).toEqual(expected);
  expect(other.filter(({ event }) => event === 'resync')).toEqual([]);
};

const blueGreen = (name: string, open: () => ViewStore, pace: Pace, openPeople = () => peopleOver()) =>
  describe(`a view of which the version is raised: ${name}`, () => {
    /** A release that has been in use for a while. */
    const inUse = async (past: number) => {
      const all = installation(open(), openPeople());
      const old = all.projector('old', thisRelease);
      all.give('old');
      const stage = await all.queryApi(thisRelease);
      const users = await Promise.all(Array.from({ length: usersAtWork }, () => stage.create('Name 0')));
      const root = await stage.create('Root');
      await stage.grant(root);
      for (let change = 0; change < past; change += users.length) {
        await Promise.all(users.map((id) => all.people.change(id, { name: `Name ${change - past}` })));
      }
      await Promise.all(users.map((id) => all.people.change(id, { name: 'Name 0' })));
      await all.caughtUp(old);
      await eventually(() => stage.progress.served.unfinished.length === 0);
      return { ...all, old, stage, users, root };
    };

    it('is made while everybody writes, reads and listens, is read when it is complete, and nobody notices', async () => {
      const { people, projector, queryApi, give, caughtUp, serves, old, stage, users, root } = await inUse(1_200);
      const work = load(people, users, pace);
      work.readAt(stage);
      const [stays, comes] = [await stage.connect(root), await stage.connect(root)];
      let done = false;
      const restless = (async () => {
        while (!done) {
          await pause(20 + Math.random() * 40);
          comes.socket.disconnect();
          await pause(Math.random() * 20);
          comes.socket.connect();
        }
      })();

      // The next release: first the query-apis, then the projectors, of which there are two.
      const newer = await queryApi(nextRelease);
      const newest = await newer.connect(root);
      const leaveNewer = work.readAt(newer);
      const [one, two] = [projector('one', nextRelease), projector('two', nextRelease)];
      const firstBatch = one.hold('apply', userProfiles.name, 2);
      const secondBatch = one.hold('apply', userProfiles.name, 2);
      await work.handOver(async () => {
        give('one');
        await serves(one);
      });
      await old.stop();
      await firstBatch.met;
      await firstBatch.release();
      await secondBatch.met;
      expect((await newer.views.checkpoint(newProfiles))!).toBeLessThan(await people.store.head());
      // In the middle of it the other goes on, and the one that was stopped with a batch in hand wakes up later.
      await work.handOver(async () => {
        give('two');
        await serves(two);
      });
      await secondBatch.release();
      await one.stop();
      await eventually(() => newer.progress.served.of(userProfiles) === newProfiles, 30_000);
      await eventually(() => newer.progress.served.of(notices) === newNotices, 30_000);
      const { changes } = work.counted;
      await eventually(() => work.counted.changes > changes + 50, 20_000);

      await work.stop();
      done = true;
      await restless;
      await caughtUp(two);
      expect(work.failures).toEqual([]);
      expect(work.counted.reads).toBeGreaterThan(100);
      expect([newer, stage].map(({ progress: { served } }) => served.of(userProfiles).version)).toEqual([2, 1]);
      for (const [at, client] of [
        [stage, stays],
        [stage, comes],
        [newer, newest],
      ] as const) {
        await expectNoGap(at, newNotices, client);
      }
      const [row] = await newer.views.load(newProfiles, [users[0]!]);
      expect(row?.value).toMatchObject({ release: 2 });
      await leaveNewer();
    }, 90_000);

    it('goes in the end, and takes nothing with it', async () => {
      const { people, projector, queryApi, give, caughtUp, serves, old, stage, users, root } = await inUse(100);
      const newer = await queryApi(nextRelease);
      const client = await newer.connect(root);
      const work = load(people, users, pace);
      work.readAt(newer);
      const leave = work.readAt(stage);
      const keepOldMs = 3_000;
      const next = projector('next', nextRelease, keepOldMs);
      let swappedMs = 0;
      await work.handOver(async () => {
        give('next');
        await serves(next);
      });
      await old.stop();
      await eventually(() => newer.progress.served.of(userProfiles) === newProfiles, 20_000);
      swappedMs = Date.parse(newer.progress.served.pointers.of(userProfiles.name)!.swappedAt);
      expect(await stage.views.checkpoint(userProfiles)).toBeDefined();
      // The last process of the release before.
      await leave();
      await stage.stop();
      await eventually(async () => (await newer.views.checkpoint(userProfiles)) === undefined, 20_000);
      expect(Date.now() - swappedMs).toBeGreaterThanOrEqual(keepOldMs);
      expect(await newer.views.find(userProfiles, { limit: 9 })).toEqual([]);
      const { reads } = work.counted;
      await eventually(() => work.counted.reads > reads + 50);
      const price = String(await newer.tick('BTCUSDT', '67187.34'));
      await eventually(() => client.prices.some(({ position }) => position === price));
      await work.stop();
      expect(work.failures).toEqual([]);
      await caughtUp(next);
      await expectNoGap(newer, newNotices, client);
      expect(next.log.lines.filter(({ level }) => level !== 'info')).toEqual([]);
    }, 90_000);

    it('is right for the release before, which is put back and finds its rows as they are to be', async () => {
      const { people, projector, queryApi, give, caughtUp, serves, old, stage, users } = await inUse(100);
      const next = projector('next', nextRelease);
      give('next');
      await eventually(() => next.progress.served.of(userProfiles) === newProfiles, 20_000);
      await old.stop();
      const { position } = await people.change(users[0]!, { name: 'Name 1' });
      expect((await stage.users.read(users[0]!, position)).user.name).toBe('Name 1');
      const back = projector('back', thisRelease);
      give('back');
      await serves(back);
      await next.stop();
      const later = await people.change(users[0]!, { name: 'Name 2' });
      expect((await stage.users.read(users[0]!, later.position)).user.name).toBe('Name 2');
      await caughtUp(back);
      // And forward again.
      const again = projector('again', nextRelease);
      give('again');
      const newer = await queryApi(nextRelease);
      await serves(again);
      expect((await newer.users.read(users[0]!, later.position)).user.name).toBe('Name 2');
    }, 60_000);
  });

blueGreen('memory', () => new MemoryViewStore(), { pauseMs: 5, patient: false });

blueGreen(
  'sqlite',
  () => {
    const directory = temporaryDirectory();
    const views = new SqliteViewStore(join(directory.path, 'views.db'));
    stops.push(async () => {
      await views.close();
      directory.remove();
    });
    return views;
  },
  { pauseMs: 5, patient: false },
  () => {
    const directory = temporaryDirectory();
    const rawStore = new SqliteEventStore(join(directory.path, 'events.db'));
    stops.push(async () => {
      await rawStore.close();
      directory.remove();
    });
    return peopleOver({ rawStore });
  },
);

withBackend('MONGO_URL', (url) => {
  const open = () => {
    const database = `test-${randomUUID()}`;
    const connection = connectMongo({ url, database, log: recordingLog(), deadlineMs: 10_000 });
    stops.push(() => connection.close());
    return new MongoViewStore(connection);
  };
  blueGreen('mongodb', open, { pauseMs: 40, patient: true });
});
