import { randomUUID } from 'node:crypto';
import { MemoryViewStore } from '../../adapters/memory/memory-view-store.ts';
import { DomainError } from '../../contracts/errors.ts';
import type { Bus, Message } from '../../contracts/ports/bus.ts';
import type { Position } from '../../contracts/ports/event-store.ts';
import type { Notice } from '../../contracts/sockets/notices.ts';
import { usersTopic } from '../../contracts/topics.ts';
import { ServedViews } from '../../runtime/served-views.ts';
import { eventually } from '../../test/support/eventually.ts';
import { recordingLog } from '../../test/support/recording-log.ts';
import { BackOff } from '../back-off.ts';
import { userProfiles } from '../users/user-profile.projection.ts';
import { WakeUp } from '../wake-up.ts';
import { noticeKey, notices } from './notice.projection.ts';
import { type NoticePublisherOptions, noticePublisherView, publishNotices } from './notice-publisher.ts';
import { noticeRetentionMs } from './notice-retention.ts';

const noonMs = Date.UTC(2026, 0, 1, 12);
const noticeAt = (position: Position, timeMs = noonMs): Notice => ({
  id: randomUUID(),
  type: 'user.updated',
  time: new Date(timeMs).toISOString(),
  position: String(position),
  subject: randomUUID(),
});
const noted = (views: MemoryViewStore, checkpoint: Position, ...kept: readonly Notice[]) =>
  views.apply(
    notices,
    kept.map((value) => ({ key: noticeKey(BigInt(value.position)), position: BigInt(value.position), value })),
    checkpoint,
  );

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A bus that keeps what is published, unless `fail` says otherwise. */
const start = (views: MemoryViewStore, options: Partial<NoticePublisherOptions> & { fail?: () => boolean } = {}) => {
  const stopping = new AbortController();
  const wakeUp = new WakeUp();
  const published: Message[] = [];
  const bus: Bus = {
    prepare: async () => {},
    consume: async () => {},
    publish: async (topic, messages) => {
      if (options.fail?.()) throw new DomainError('bus-unavailable');
      expect(topic).toBe(usersTopic);
      published.push(...messages);
    },
  };
  const backOff = new BackOff(1, 5);
  const log = recordingLog();
  const behind = [userProfiles];
  const now = () => noonMs;
  const ended = publishNotices({ views, bus, log, behind, wakeUp, backOff, now, signal: stopping.signal, ...options });
  const stop = () => {
    stopping.abort();
    return ended;
  };
  stops.push(stop);
  return { published, wakeUp, log, stop };
};
const positions = (published: readonly Message[]) =>
  published.map(({ value }) => (JSON.parse(value) as Notice).position);
const publishedUpTo = (views: MemoryViewStore, position: Position) =>
  eventually(async () => (await views.checkpoint(noticePublisherView)) === position);

it('publishes a notice as a CloudEvent, with nothing but the notice in it', async () => {
  const views = new MemoryViewStore();
  const notice = noticeAt(3n);
  await noted(views, 3n, notice);
  await views.apply(userProfiles, [], 3n);
  const { published } = start(views);
  await eventually(() => published.length > 0);
  expect(published).toEqual([
    {
      key: notice.subject,
      headers: {
        ce_specversion: '1.0',
        ce_id: notice.id,
        ce_source: '/tidemark',
        ce_type: 'user.updated',
        ce_time: '2026-01-01T12:00:00.000Z',
        ce_subject: notice.subject,
        'content-type': 'application/json',
      },
      value: JSON.stringify(notice),
    },
  ]);
});

it('never outruns the views, nor the notices themselves', async () => {
  const views = new MemoryViewStore();
  await noted(views, 9n, noticeAt(3n), noticeAt(5n), noticeAt(7n));
  const { published, wakeUp } = start(views);
  await views.apply(userProfiles, [], 5n);
  wakeUp.wake();
  await publishedUpTo(views, 5n);
  expect(positions(published)).toEqual(['3', '5']);
  await views.apply(userProfiles, [], 20n);
  wakeUp.wake();
  await publishedUpTo(views, 7n);
  // A store without transactions can show a row that is ahead of its view's checkpoint: others may be missing before it.
  await noted(views, 9n, noticeAt(12n));
  wakeUp.wake();
  await noted(views, 10n, noticeAt(10n));
  wakeUp.wake();
  await publishedUpTo(views, 10n);
  expect(positions(published)).toEqual(['3', '5', '7', '10']);
});

it('publishes all of many, in order, and goes on where it stopped', async () => {
  const views = new MemoryViewStore();
  const many = Array.from({ length: 2_500 }, (_, index) => noticeAt(BigInt(index + 1)));
  await noted(views, 2_500n, ...many);
  await views.apply(userProfiles, [], 2_500n);
  const first = start(views);
  await publishedUpTo(views, 2_500n);
  expect(positions(first.published)).toEqual(many.map(({ position }) => position));
  await first.stop();
  await noted(views, 2_501n, noticeAt(2_501n));
  await views.apply(userProfiles, [], 2_501n);
  const second = start(views);
  await publishedUpTo(views, 2_501n);
  expect(positions(second.published)).toEqual(['2501']);
});

it('comes again with what the bus did not take, in order', async () => {
  const views = new MemoryViewStore();
  await noted(views, 2n, noticeAt(1n), noticeAt(2n));
  await views.apply(userProfiles, [], 2n);
  let failures = 3;
  const { published, log } = start(views, { fail: () => failures-- > 0 });
  await publishedUpTo(views, 2n);
  expect(positions(published)).toEqual(['1', '2']);
  expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'warn', 'warn']);
});

it('leaves out what is too old to wait for', async () => {
  const views = new MemoryViewStore();
  await noted(views, 2n, noticeAt(1n, noonMs - noticeRetentionMs - 1), noticeAt(2n, noonMs - noticeRetentionMs));
  await views.apply(userProfiles, [], 2n);
  const { published } = start(views);
  await publishedUpTo(views, 2n);
  expect(positions(published)).toEqual(['2']);
});

it('follows the versions that are read, and goes on in the next one where it was in the one before', async () => {
  const views = new MemoryViewStore();
  const [secondNotices, secondProfiles] = [notices, userProfiles].map((view) => ({
    ...view,
    version: 2,
    previous: view,
  }));
  const served = new ServedViews(views, [secondNotices!, secondProfiles!]);
  for (const view of [notices, userProfiles]) await served.pointers.move(view, new Date(0));
  const { published, wakeUp } = start(views, { served });
  const three = [noticeAt(1n), noticeAt(2n), noticeAt(3n)];
  await noted(views, 2n, ...three.slice(0, 2));
  await views.apply(userProfiles, [], 2n);
  await publishedUpTo(views, 2n);
  await views.apply(secondNotices!, await views.load(notices, [1n, 2n].map(noticeKey)), 2n);
  await served.pointers.move(secondNotices!, new Date(1));
  // Further than the one that is read: nothing to go by.
  await views.apply(secondProfiles!, [], 9n);
  const third = { key: noticeKey(3n), position: 3n, value: three[2]! };
  await views.apply(secondNotices!, [third], 3n);
  wakeUp.wake();
  await new Promise((resolve) => setImmediate(resolve));
  expect(positions(published)).toEqual(['1', '2']);
  await served.pointers.move(secondProfiles!, new Date(1));
  wakeUp.wake();
  await publishedUpTo(views, 3n);
  expect(positions(published)).toEqual(['1', '2', '3']);
});

it('sees by itself what another process moved on', async () => {
  const views = new MemoryViewStore();
  const { published } = start(views);
  await noted(views, 1n, noticeAt(1n));
  await views.apply(userProfiles, [], 1n);
  await eventually(() => published.length === 1);
});
