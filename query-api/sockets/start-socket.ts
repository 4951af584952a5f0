import { consistencyToken } from '../../contracts/consistency-token.ts';
import type { Position } from '../../contracts/ports/event-store.ts';
import type { SocketNotice } from '../../contracts/sockets/notices.ts';
import { notices } from '../../projector/notices/notice.projection.ts';
import { userProfiles } from '../../projector/users/user-profile.projection.ts';
import type { ViewProgress } from '../../runtime/view-progress.ts';
import type { ConnectedSocket } from './connected-socket.ts';
import type { Start } from './handshake.ts';
import type { Missed, NoticeBacklog } from './notice-backlog.ts';
import type { PriceNotices } from './price-notices.ts';
import type { UserNotices } from './user-notices.ts';

export interface StartNeeds {
  readonly backlog: NoticeBacklog;
  readonly userNotices: UserNotices;
  readonly priceNotices: PriceNotices;
  readonly progress: ViewProgress;
  readonly storeId: string;
}

/**
 * Sends `ready`, then what the socket missed since its cursor, or that this can't be told (`resync`), then the latest
 * prices, and lets it go on live. It must be in its rooms already: what is published meanwhile is held back for it.
 * @throws DomainError 'store-unavailable', 'view-behind'
 */
export const startSocket = async (socket: ConnectedSocket, start: Start, needs: StartNeeds): Promise<void> => {
  // A client that has just written may be a moment ahead of the views.
  const asked = start !== 'now' && 'behind' in start ? start.behind : 0n;
  const ahead = !(await reached(asked, needs));
  const horizon = latest(await needs.backlog.horizon(), needs.userNotices.handedOut, ahead ? 0n : asked);
  const { behind, missed } = await plan(socket, ahead ? { resync: 'ahead' } : start, horizon, needs);

  const cursor = consistencyToken(needs.storeId, behind);
  socket.emit('ready', { cursor });
  if (typeof missed === 'string') socket.emit('resync', { reason: missed, cursor });
  else await tell(socket, missed, horizon, needs);
  for (const price of await needs.priceNotices.latest()) socket.takesPrice(price);
  socket.goLive(horizon);
};

/** Where readers have just gone over to another version of a view, that one may be a moment behind what was told. */
const latest = (...positions: readonly Position[]): Position =>
  positions.reduce((one, other) => (one > other ? one : other));

const reached = async (position: Position, { progress }: StartNeeds): Promise<boolean> => {
  const views = [userProfiles, notices].map((view) => progress.waitUntil(view, position));
  return (await Promise.all(views)).every((version) => version !== undefined);
};

const plan = async (
  socket: ConnectedSocket,
  start: Start,
  horizon: Position,
  { backlog, userNotices }: StartNeeds,
): Promise<{ readonly behind: Position; readonly missed: Missed }> => {
  if (start === 'now') return { behind: horizon, missed: [] };
  if ('resync' in start) return { behind: horizon, missed: start.resync };
  const missed = await backlog.missed(start.behind, horizon, (notice) => userNotices.concerns(socket, notice));
  return { behind: typeof missed === 'string' ? horizon : start.behind, missed };
};

const tell = async (
  socket: ConnectedSocket,
  missed: Exclude<Missed, string>,
  horizon: Position,
  { userNotices }: StartNeeds,
): Promise<void> => {
  const read = new Map<string, SocketNotice['data']>();
  for (const notice of missed) {
    // Every read is later than all of them: one for each user will do.
    const data = read.get(notice.subject) ?? (await userNotices.dataOf(notice, horizon));
    if (notice.type !== 'user.deleted') read.set(notice.subject, data);
    socket.emit(notice.type, userNotices.shownTo(socket, notice, data));
  }
};
