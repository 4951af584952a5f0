import type { Bus } from '../../contracts/ports/bus.ts';
import type { Position } from '../../contracts/ports/event-store.ts';
import type { Log } from '../../contracts/ports/log.ts';
import type { ViewDefinition, ViewStore } from '../../contracts/ports/view-store.ts';
import type { Notice } from '../../contracts/sockets/notices.ts';
import { usersTopic } from '../../contracts/topics.ts';
import { ServedViews } from '../../runtime/served-views.ts';
import { BackOff } from '../back-off.ts';
import type { WakeUp } from '../wake-up.ts';
import { noticeKey, notices } from './notice.projection.ts';
import { noticeMessage } from './notice-message.ts';
import { noticeRetentionMs } from './notice-retention.ts';

/** Has no rows: its checkpoint is how far the notices are published. */
export const noticePublisherView: ViewDefinition = { name: 'notice-publisher', version: 1 };

export interface NoticePublisherOptions {
  readonly views: ViewStore;
  readonly bus: Bus;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** No notice is published before these views, in the version that is read, show what it tells of. */
  readonly behind: readonly ViewDefinition[];
  /** As all views have one version when absent. */
  readonly served?: ServedViews;
  /** To be woken when one of the views moves on. */
  readonly wakeUp: WakeUp;
  readonly backOff?: BackOff;
  /** Unix time in milliseconds. */
  readonly now?: () => number;
}

const pageSize = 200;
/** For views that another process moves on. */
const pollMs = 1_000;

/** Publishes the notices in the order of their positions, at least once, until the signal aborts. Never rejects. */
export const publishNotices = async (options: NoticePublisherOptions): Promise<void> => {
  const { bus, log, signal, wakeUp, backOff = new BackOff() } = options;
  let ready = false;
  while (!signal.aborted) {
    try {
      if (!ready) await bus.prepare([usersTopic]);
      ready = true;
      const more = await publishPage(options);
      backOff.reset();
      if (!more) await wakeUp.sleep(signal, pollMs);
    } catch (error) {
      log.warn({ err: error }, 'notices were not published and come again after a pause');
      await backOff.pause(signal);
    }
  }
};

/** Publishes what may be published by now, up to a page of it. Answers whether there may be more. */
const publishPage = async (options: NoticePublisherOptions): Promise<boolean> => {
  const { views, bus, behind, served = new ServedViews(views), now = Date.now } = options;
  const [from, ...shown] = [notices, ...behind].map((view) => served.of(view));
  const [published, upTo] = await Promise.all([
    views.checkpoint(noticePublisherView),
    leastCheckpoint(views, [from!, ...shown]),
  ]);
  if (upTo === undefined || (published !== undefined && upTo <= published)) return false;
  const rows = await views.find(from!, {
    after: published === undefined ? undefined : noticeKey(published),
    before: noticeKey(upTo + 1n),
    limit: pageSize,
  });
  if (rows.length === 0) return false;
  // After a rebuild there are old ones: nobody waits for them any more.
  const oldest = new Date(now() - noticeRetentionMs).toISOString();
  const fresh = rows.map(({ value }) => value as Notice).filter(({ time }) => time >= oldest);
  if (fresh.length > 0)
    await bus.publish(
      usersTopic,
      fresh.map((notice) => noticeMessage(notice, notice.subject)),
    );
  await views.apply(noticePublisherView, [], rows.at(-1)!.position);
  return rows.length === pageSize;
};

const leastCheckpoint = async (
  views: ViewStore,
  followed: readonly ViewDefinition[],
): Promise<Position | undefined> => {
  const checkpoints = await Promise.all(followed.map((view) => views.checkpoint(view)));
  return checkpoints.reduce((least, one) => (least === undefined || one === undefined || one < least ? one : least));
};
