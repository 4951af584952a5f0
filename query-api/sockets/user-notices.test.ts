import { randomUUID } from 'node:crypto';
import { MemoryViewStore } from '../../adapters/memory/memory-view-store.ts';
import type { Notice } from '../../contracts/sockets/notices.ts';
import { usersTopic } from '../../contracts/topics.ts';
import { noticeKey, notices } from '../../projector/notices/notice.projection.ts';
import { userProfiles } from '../../projector/users/user-profile.projection.ts';
import { ServedViews } from '../../runtime/served-views.ts';
import { ViewProgress } from '../../runtime/view-progress.ts';
import { peopleOver } from '../../test/support/people.ts';
import { recordingLog } from '../../test/support/recording-log.ts';
import { UserReader } from '../users/user-reader.ts';
import { NoticeBacklog } from './notice-backlog.ts';
import type { SocketRooms } from './socket-rooms.ts';
import { UserNotices } from './user-notices.ts';

const secondNotices = { ...notices, version: 2, previous: notices };
const secondProfiles = { ...userProfiles, version: 2, previous: userProfiles };

const noticeAt = (position: number): Notice => ({
  ...{ id: randomUUID(), type: 'user.updated', time: '2026-01-01T12:00:00.000Z' },
  ...{ position: String(position), subject: randomUUID() },
});
const message = (notice: Notice, offset: number) => ({
  ...{ key: notice.subject, headers: {}, value: JSON.stringify(notice) },
  ...{ topic: usersTopic.name, partition: 0, offset: BigInt(offset) },
});

/** Views with these notices in both versions, and what is handed out. */
const arrange = async (...kept: readonly Notice[]) => {
  const views = new MemoryViewStore();
  const served = new ServedViews(views, [secondNotices, secondProfiles]);
  for (const view of [notices, userProfiles]) await served.pointers.move(view, new Date(0));
  const note = async (view: typeof notices, upTo: number) => {
    const rows = kept.filter(({ position }) => Number(position) <= upTo);
    const changes = rows.map((value) => ({
      key: noticeKey(BigInt(value.position)),
      position: BigInt(value.position),
      value,
    }));
    await views.apply(view, changes, BigInt(upTo));
  };
  const progress = new ViewProgress(views, { served, pollMs: 1 });
  const backlog = new NoticeBacklog(views, progress);
  const told: string[] = [];
  const rooms = {
    concernedBy: () => [{}],
    unconcernedBy: () => [],
    of: () => [],
    send: (_: unknown, { position }: Notice) => told.push(position),
  } as unknown as SocketRooms;
  const users = new UserReader(views, progress, peopleOver().personalData);
  const userNotices = new UserNotices({ rooms, backlog, users, everyone: false, log: recordingLog() });
  return {
    ...{ views, served, backlog, told, userNotices, note },
    shown: (upTo: number) => views.apply(userProfiles, [], BigInt(upTo)),
    swap: async () => {
      for (const view of [secondNotices, secondProfiles]) await served.pointers.move(view, new Date(1));
    },
  };
};

it('finds what the bus has lost, also behind an old one that a publisher repeats first of all', async () => {
  const all = [1, 2, 3, 4, 5].map(noticeAt);
  const { told, userNotices, note, shown } = await arrange(...all);
  await note(notices, 2);
  await shown(2);
  await userNotices.prepare();
  await note(notices, 5);
  await shown(5);
  // The third and the fourth are gone from the bus.
  await userNotices.handle(message(all[0]!, 7));
  expect(told).toEqual([]);
  await userNotices.handle(message(all[4]!, 8));
  expect(told).toEqual(['3', '4', '5']);
  await userNotices.handle(message(all[3]!, 9));
  expect([told, userNotices.handedOut]).toEqual([['3', '4', '5'], 5n]);
});

describe('when readers go over to versions that are a little behind', () => {
  const six = [1, 2, 3, 4, 5, 6].map(noticeAt);
  const swapped = async () => {
    const all = await arrange(...six);
    await all.note(notices, 5);
    await all.shown(5);
    await all.userNotices.prepare();
    await all.note(secondNotices as typeof notices, 3);
    await all.views.apply(secondProfiles, [], 3n);
    await all.swap();
    return all;
  };

  it('hands nothing out twice when it joins again', async () => {
    const { told, userNotices, note, views, backlog } = await swapped();
    expect(await backlog.horizon()).toBe(3n);
    await userNotices.prepare();
    expect([told, userNotices.handedOut]).toEqual([[], 5n]);
    await note(secondNotices as typeof notices, 6);
    await views.apply(secondProfiles, [], 6n);
    await userNotices.prepare();
    expect(told).toEqual(['6']);
  });

  it('reads no backlog before all of it is there', async () => {
    const { backlog, note } = await swapped();
    const missed = backlog.missed(1n, 5n, () => true);
    await new Promise((resolve) => setImmediate(resolve));
    await note(secondNotices as typeof notices, 5);
    expect((await missed) as Notice[]).toEqual(six.slice(1, 5));
  });
});
