import type { DeliveredMessage } from '../../contracts/ports/bus.ts';
import type { Position } from '../../contracts/ports/event-store.ts';
import type { Log } from '../../contracts/ports/log.ts';
import type { Notice, SocketNotice } from '../../contracts/sockets/notices.ts';
import type { UserReader } from '../users/user-reader.ts';
import type { ConnectedSocket } from './connected-socket.ts';
import type { NoticeBacklog } from './notice-backlog.ts';
import { noticeIn } from './notice-in.ts';
import type { SocketRooms } from './socket-rooms.ts';

export interface UserNoticesNeeds {
  readonly rooms: SocketRooms;
  readonly backlog: NoticeBacklog;
  readonly users: UserReader;
  /** Whether everybody hears, if only that something happened. */
  readonly everyone: boolean;
  readonly log: Log;
}

/** Hands the notices about users out to the sockets: one after the other, each once, in the order of their positions. */
export class UserNotices {
  readonly #needs: UserNoticesNeeds;
  #last: Position | undefined;
  #nextOffset: bigint | undefined;

  constructor(needs: UserNoticesNeeds) {
    this.#needs = needs;
  }

  /** Notices behind this position, and no others, are still to be handed out. */
  get handedOut(): Position {
    return this.#last ?? 0n;
  }

  /** Before joining: hands out what came while this process wasn't there to hear it. */
  async prepare(): Promise<void> {
    const horizon = await this.#needs.backlog.horizon();
    if (this.#last !== undefined) await this.#handOutKept(horizon);
    if (horizon > this.handedOut) this.#last = horizon;
  }

  /** @throws DomainError 'store-unavailable', 'view-behind': the message must come again */
  async handle(message: DeliveredMessage): Promise<void> {
    const notice = noticeIn(message, this.#needs.log);
    const expected = message.offset === this.#nextOffset;
    // The bus may have dropped some, before the first message too: they are kept in the view.
    if (notice && !expected) await this.#handOutKept(BigInt(notice.position) - 1n);
    const isNews = notice !== undefined && (await this.#handOut(notice));
    // A publisher that was held up may repeat old ones at any time. Behind one of those, where something was missing, it
    // still is; and behind what could not be read it is as if.
    this.#nextOffset = notice && (expected || isNews) ? message.offset + 1n : undefined;
  }

  /** Whether the socket hears of it at all. */
  concerns({ caller, isAdmin }: ConnectedSocket, { subject }: Notice): boolean {
    return this.#needs.everyone || isAdmin || caller.userId === subject;
  }

  /** The notice as this socket gets it. `data` is the user, where there still is one. */
  shownTo({ caller, isAdmin }: ConnectedSocket, notice: Notice, data: SocketNotice['data']): SocketNotice {
    return { ...notice, data: isAdmin || caller.userId === notice.subject ? data : { id: notice.subject } };
  }

  /** The user that the notice tells of, at this position or later. @throws DomainError 'store-unavailable', 'view-behind' */
  async dataOf({ type, subject }: Notice, position: Position): Promise<SocketNotice['data']> {
    if (type === 'user.deleted') return { id: subject };
    return { ...((await this.#needs.users.find(subject, position))?.user ?? { id: subject }) };
  }

  async #handOutKept(upTo: Position): Promise<void> {
    for await (const notice of this.#needs.backlog.between(this.#last ?? upTo, upTo)) await this.#handOut(notice);
  }

  /** False when it has been handed out before. */
  async #handOut(notice: Notice): Promise<boolean> {
    const position = BigInt(notice.position);
    if (this.#last !== undefined && position <= this.#last) return false;
    const { rooms, everyone } = this.#needs;
    if (rooms.concernedBy(notice.subject).length > 0) {
      const shown = { ...notice, data: await this.dataOf(notice, position) };
      // Who has connected since reads it from the view: asking for the horizon comes after joining the rooms.
      rooms.send(rooms.concernedBy(notice.subject), shown);
    }
    if (everyone) rooms.send(rooms.unconcernedBy(notice.subject), { ...notice, data: { id: notice.subject } });
    this.#last = position;
    if (notice.type === 'user.deleted') for (const socket of rooms.of(notice.subject)) socket.closeWithUser(true);
    return true;
  }
}
