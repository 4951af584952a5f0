import { randomUUID } from 'node:crypto';
import { MemoryViewStore } from '../../adapters/memory/memory-view-store.ts';
import { DomainError } from '../../contracts/errors.ts';
import { noticeFloor } from '../../runtime/notice-floor.ts';
import { eventually } from '../../test/support/eventually.ts';
import { holdingViews } from '../../test/support/holding-views.ts';
import { recordingLog } from '../../test/support/recording-log.ts';
import { noticeKey, notices } from './notice.projection.ts';
import { noticeRetentionMs, purgeNotices, retainNotices } from './notice-retention.ts';

const noonMs = Date.UTC(2026, 0, 1, 12);
const signal = new AbortController().signal;

/** Notices of positions from 1, a second apart from noon on. */
const setUp = async (count: number) => {
  const views = new MemoryViewStore();
  const changes = Array.from({ length: count }, (_, index) => ({
    key: noticeKey(BigInt(index + 1)),
    position: BigInt(index + 1),
    value: { id: randomUUID(), time: new Date(noonMs + index * 1_000).toISOString() },
  }));
  await views.apply(notices, changes, BigInt(count));
  return views;
};
const left = async (views: MemoryViewStore) =>
  (await views.find(notices, { limit: 9_999 })).map(({ position }) => position);

it('purges what is older, and says how far', async () => {
  const views = await setUp(5);
  expect(await noticeFloor(views)).toBe(0n);
  expect(await purgeNotices(views, new Date(noonMs + 2_000), signal)).toBe(2);
  expect([await left(views), await noticeFloor(views)]).toEqual([[3n, 4n, 5n], 2n]);
  expect(await purgeNotices(views, new Date(noonMs + 2_000), signal)).toBe(0);
  expect(await noticeFloor(views)).toBe(2n);
});

it('purges page by page, all of them', async () => {
  const views = await setUp(1_300);
  expect(await purgeNotices(views, new Date(noonMs + 1_200_000), signal)).toBe(1_200);
  expect([(await left(views))[0], await noticeFloor(views)]).toEqual([1_201n, 1_200n]);
  expect(await purgeNotices(views, new Date(noonMs * 2), signal)).toBe(100);
  expect([await left(views), await noticeFloor(views)]).toEqual([[], 1_300n]);
});

it('raises the floor before it purges', async () => {
  const views = await setUp(3);
  views.purge = () => Promise.reject(new DomainError('store-unavailable'));
  await expect(purgeNotices(views, new Date(noonMs * 2), signal)).rejects.toMatchObject({ code: 'store-unavailable' });
  expect([await left(views), await noticeFloor(views)]).toEqual([[1n, 2n, 3n], 3n]);
});

it('purges nothing that is not old, and lowers no floor, when it comes late', async () => {
  const views = await setUp(5);
  const late = holdingViews(views);
  const [floor, purge] = [late.hold('apply', 'notice-floor'), late.hold('purge', 'notices')];
  const purging = purgeNotices(late.views, new Date(noonMs + 1_000), signal);
  await floor.met;
  expect(await purgeNotices(views, new Date(noonMs + 3_000), signal)).toBe(3);
  await floor.release();
  await purge.met;
  await views.apply(
    notices,
    [{ key: noticeKey(6n), position: 6n, value: { time: new Date(noonMs).toISOString() } }],
    6n,
  );
  await purge.release();
  await purging;
  expect([await left(views), await noticeFloor(views)]).toEqual([[4n, 5n, 6n], 3n]);
});

it('purges the version that is read', async () => {
  const views = await setUp(3);
  const second = { ...notices, version: 2, previous: notices };
  await views.apply(second, await views.load(notices, [1n, 2n, 3n].map(noticeKey)), 3n);
  expect(await purgeNotices(views, new Date(noonMs + 1_000), signal, second)).toBe(1);
  expect([await left(views), (await views.find(second, { limit: 9 })).length]).toEqual([[1n, 2n, 3n], 2]);
});

it('keeps a day of them, whatever fails meanwhile, until it is stopped', async () => {
  const views = await setUp(3);
  const stop = new AbortController();
  const log = recordingLog();
  let nowMs = noonMs + noticeRetentionMs;
  let rounds = 0;
  const now = () => {
    rounds++;
    return nowMs;
  };
  let failures = 2;
  const purge = views.purge.bind(views);
  views.purge = async (...to) => {
    if (failures-- > 0) throw new DomainError('store-unavailable');
    return purge(...to);
  };
  const ended = retainNotices({ views, log, signal: stop.signal, everyMs: 1, now });
  await eventually(() => rounds >= 3);
  expect(await left(views)).toEqual([1n, 2n, 3n]);
  nowMs += 1_001;
  await eventually(async () => (await left(views)).length === 1);
  expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(2);
  stop.abort();
  await ended;
});
