import type { DefaultEventsMap, Server, Socket } from 'socket.io';
import { DomainError } from '../../contracts/errors.ts';
import type { Position } from '../../contracts/ports/event-store.ts';
import type {
  Notice,
  SocketNotice,
  SocketProblem,
  SocketReady,
  SocketResync,
} from '../../contracts/sockets/notices.ts';
import type { Caller } from '../../http/route.ts';
import { problemFor, type Start } from './handshake.ts';

export type SentEvents = {
  readonly [Type in Notice['type']]: (notice: SocketNotice) => void;
} & {
  readonly ready: (ready: SocketReady) => void;
  readonly resync: (resync: SocketResync) => void;
  readonly problem: (problem: SocketProblem) => void;
};

export interface SocketData {
  caller: Caller;
  token: string;
  start: Start;
  connected: ConnectedSocket;
}
export type SocketServer = Server<DefaultEventsMap, SentEvents, DefaultEventsMap, SocketData>;
export type AnySocket = Socket<DefaultEventsMap, SentEvents, DefaultEventsMap, SocketData>;

/** A socket that lets more than this wait is dropped. A backlog of the largest size fits. */
const mostPacketsWaiting = 2_500;
const mostBytesWaiting = 4 * 2 ** 20;
/** Live notices that wait while the backlog is read. */
const mostHeldBack = 1_000;
/** For a last word to come and go out. */
const farewellMs = 1_000;
const longestTimerMs = 2 ** 31 - 1;

/** What the server keeps of one socket: how far its notices are, what waits for it, and when it ends. */
export class ConnectedSocket {
  readonly id: string;
  readonly caller: Caller;
  readonly #socket: AnySocket;
  /** Live notices while the backlog is read; none of them afterwards. */
  #heldBack: SocketNotice[] | undefined = [];
  #lastPosition: Position = -1n;
  /** The latest price of each symbol, for a socket that can't take it just now. */
  readonly #pricesWaiting = new Map<string, SocketNotice>();
  #pricesArmed = false;
  #end: NodeJS.Timeout;
  #admin: boolean | undefined;
  #leaving = false;

  constructor(socket: AnySocket) {
    this.id = socket.id;
    this.#socket = socket;
    this.caller = socket.data.caller;
    this.#end = this.#endIn(this.caller.expiresAtMs - Date.now());
    socket.once('disconnect', () => {
      clearTimeout(this.#end);
      this.#pricesWaiting.clear();
      this.#heldBack = undefined;
    });
    socket.conn.on('upgrade', () => {
      // Whoever waits for the transport that was left waits for good.
      this.#pricesArmed = false;
      this.#sendPrices();
    });
  }

  get isAdmin(): boolean {
    return this.#admin ?? false;
  }

  /** By `said` (an event is the last word) or, as long as there was none, by having asked. */
  setAdmin(admin: boolean, how: 'said' | 'asked'): void {
    if (how === 'asked' && this.#admin !== undefined) return;
    this.#admin = admin;
    if (admin) void this.#socket.join('admins');
    else void this.#socket.leave('admins');
  }

  /** Sends what is not a live notice. */
  emit: AnySocket['emit'] = (...event) => this.#socket.emit(...event);

  /** Whether this notice is to be sent to the socket now: never twice, never out of order, not while older ones are read. */
  takes(notice: SocketNotice): boolean {
    const position = BigInt(notice.position);
    if (this.#heldBack) {
      if (this.#heldBack.push(notice) > mostHeldBack) this.drop();
      return false;
    }
    if (position <= this.#lastPosition) return false;
    this.#lastPosition = position;
    return true;
  }

  /** Everything up to `position` is sent or was never asked for: sends what was held back, and goes on live. */
  goLive(position: Position): void {
    const heldBack = this.#heldBack ?? [];
    this.#heldBack = undefined;
    this.#lastPosition = position;
    for (const notice of heldBack) if (this.takes(notice)) this.#socket.emit(notice.type, notice);
    this.#sendPrices();
  }

  /** Whether the price can be sent at once; otherwise it waits, and only the latest of its symbol. */
  takesPrice(notice: SocketNotice): boolean {
    if (this.#canTakeMore() && this.#pricesWaiting.size === 0 && !this.#heldBack) return true;
    const waiting = this.#pricesWaiting.get(notice.subject);
    if (!waiting || BigInt(waiting.position) < BigInt(notice.position)) this.#pricesWaiting.set(notice.subject, notice);
    this.#sendPrices();
    return false;
  }

  #sendPrices(): void {
    if (this.#pricesWaiting.size === 0 || this.#pricesArmed || this.#heldBack) return;
    if (this.#canTakeMore()) {
      for (const notice of this.#pricesWaiting.values()) this.#socket.emit(notice.type, notice);
      this.#pricesWaiting.clear();
      return;
    }
    this.#pricesArmed = true;
    this.#socket.conn.transport.once('ready', () => {
      this.#pricesArmed = false;
      this.#sendPrices();
    });
  }

  #canTakeMore(): boolean {
    const { transport, writeBuffer } = this.#connection;
    return transport.writable && writeBuffer.length === 0;
  }

  /** Drops a client that doesn't read; it may come again with its cursor. */
  dropIfSlow(): void {
    const { transport, writeBuffer } = this.#connection;
    if (writeBuffer.length === 0) return;
    let bytes = transport.socket?.bufferedAmount ?? 0;
    for (const { data } of writeBuffer) bytes += data?.length ?? 0;
    if (writeBuffer.length > mostPacketsWaiting || bytes > mostBytesWaiting) this.drop();
  }

  /** Cuts the connection; the client's library connects again by itself. */
  drop(): void {
    const { socket } = this.#connection.transport;
    if (socket?.terminate) socket.terminate();
    else this.#socket.conn.close(true);
  }

  /** Ends the socket for good, once what was sent before is out. */
  close(problem?: DomainError): void {
    if (problem) this.#socket.emit('problem', problemFor(problem));
    this.#socket.disconnect(true);
  }

  /** Ends the socket now, unless it waits for the word that its user is deleted. */
  closeWithSession(): void {
    if (!this.#leaving) this.close(new DomainError('not-authenticated'));
  }

  /** Ends the socket when it has heard that its user is deleted; `told` says that it has now, or has it waiting. */
  closeWithUser(told: boolean): void {
    this.#leaving = true;
    clearTimeout(this.#end);
    if (told && !this.#heldBack) this.close(new DomainError('not-authenticated'));
    else this.#end = this.#endIn(Math.min(farewellMs, this.caller.expiresAtMs - Date.now()));
  }

  get #connection(): Connection {
    return this.#socket.conn as unknown as Connection;
  }

  #endIn(ms: number): NodeJS.Timeout {
    return setTimeout(
      () => this.close(new DomainError('not-authenticated')),
      Math.min(Math.max(ms, 0), longestTimerMs),
    );
  }
}

interface WebSocket {
  readonly bufferedAmount: number;
  terminate?(): void;
}

/** What of engine.io's connection its types keep to themselves. */
interface Connection {
  readonly writeBuffer: readonly { readonly data?: string | undefined }[];
  readonly transport: { readonly writable: boolean; readonly socket?: WebSocket | undefined };
}
