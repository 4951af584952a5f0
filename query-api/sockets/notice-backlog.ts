import type { Position } from '../../contracts/ports/event-store.ts';
import type { ViewStore } from '../../contracts/ports/view-store.ts';
import type { Notice, SocketResync } from '../../contracts/sockets/notices.ts';
import { noticeKey, notices } from '../../projector/notices/notice.projection.ts';
import { userProfiles } from '../../projector/users/user-profile.projection.ts';
import { noticeFloor } from '../../runtime/notice-floor.ts';
import type { ViewProgress } from '../../runtime/view-progress.ts';
import { waitForMinimum } from '../wait-for-minimum.ts';

const pageSize = 500;
/** Notices that a socket may be behind. */
const mostMissed = 1_000;
/** Notices of others that are looked through for them. */
const mostScanned = 10_000;

export type Missed = readonly Notice[] | SocketResync['reason'];

/** The notices that are kept, for those who were away. */
export class NoticeBacklog {
  readonly #views: ViewStore;
  readonly #progress: ViewProgress;

  constructor(views: ViewStore, progress: ViewProgress) {
    this.#views = views;
    this.#progress = progress;
  }

  /**
   * Every notice up to here is kept, and what it tells of can be read. None behind it has been published before now,
   * unless readers have just gone over to another version of a view.
   * @throws DomainError 'store-unavailable'
   */
  async horizon(): Promise<Position> {
    // From the store: a publisher may have seen there what nobody has said here yet.
    const reached = [notices, userProfiles].map((view) => this.#views.checkpoint(this.#progress.served.of(view)));
    const [noticed = 0n, shown = 0n] = await Promise.all(reached);
    return noticed < shown ? noticed : shown;
  }

  /** Behind `after` and up to `upTo`, in order. @throws DomainError 'store-unavailable', 'view-behind' */
  async *between(after: Position, upTo: Position): AsyncIterable<Notice> {
    // Another version than the one that was asked how far it is may be a moment behind it.
    const view = await waitForMinimum(this.#progress, notices, upTo);
    for (let last: string | undefined = noticeKey(after); last !== undefined; ) {
      const page = await this.#views.find(view, { after: last, before: noticeKey(upTo + 1n), limit: pageSize });
      for (const { value } of page) yield value as Notice;
      last = page.length === pageSize ? page.at(-1)!.key : undefined;
    }
  }

  /**
   * Those that `concerns` picks behind `after` and up to `upTo`, in order; or why they can't all be told.
   * @throws DomainError 'store-unavailable', 'view-behind'
   */
  async missed(after: Position, upTo: Position, concerns: (notice: Notice) => boolean): Promise<Missed> {
    const missed: Notice[] = [];
    let scanned = 0;
    for await (const notice of this.between(after, upTo)) {
      if (concerns(notice)) missed.push(notice);
      if (missed.length > mostMissed || ++scanned > mostScanned) return 'too-many';
    }
    // Asked last: what was purged meanwhile is missing above.
    return after < (await noticeFloor(this.#views)) ? 'too-old' : missed;
  }
}
