import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../contracts/ports/log.ts';
import type { ViewDefinition, ViewStore } from '../../contracts/ports/view-store.ts';
import type { Notice } from '../../contracts/sockets/notices.ts';
import { raiseNoticeFloor } from '../../runtime/notice-floor.ts';
import { ServedViews } from '../../runtime/served-views.ts';
import { noticeKey, notices } from './notice.projection.ts';

export const noticeRetentionMs = 24 * 60 * 60 * 1_000;

const pageSize = 500;

/** Removes the notices of events recorded before `before` from this version of the view, page by page. Answers how many. */
export const purgeNotices = async (
  views: ViewStore,
  before: Date,
  signal: AbortSignal,
  version: ViewDefinition = notices,
): Promise<number> => {
  const limit = before.toISOString();
  for (let purged = 0; ; ) {
    const page = await views.find(version, { limit: pageSize });
    const firstKept = page.findIndex(({ value }) => (value as Notice).time >= limit);
    const old = firstKept === -1 ? page : page.slice(0, firstKept);
    const last = old.at(-1);
    if (!last || signal.aborted) return purged;
    await raiseNoticeFloor(views, last.position);
    purged += await views.purge(version, noticeKey(last.position + 1n));
  }
};

export interface NoticeRetentionOptions {
  readonly views: ViewStore;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** As there is one version when absent. */
  readonly served?: ServedViews;
  readonly everyMs?: number;
  /** Unix time in milliseconds. */
  readonly now?: () => number;
}

/** Purges old notices every so often until the signal aborts. Never rejects. */
export const retainNotices = async (options: NoticeRetentionOptions): Promise<void> => {
  const { views, log, signal, everyMs = 10 * 60 * 1_000, now = Date.now, served = new ServedViews(views) } = options;
  while (!signal.aborted) {
    try {
      const purged = await purgeNotices(views, new Date(now() - noticeRetentionMs), signal, served.of(notices));
      if (purged > 0) log.info({ purged }, 'old notices are purged');
    } catch (error) {
      log.warn({ err: error }, 'old notices were not purged; the next round takes them too');
    }
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
};
