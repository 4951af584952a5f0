import type { SocketNotice } from '../../contracts/sockets/notices.ts';
import type { ConnectedSocket, SocketServer } from './connected-socket.ts';

/** Who is connected. Rooms are set by the server only: `user:<id>`, `session:<id>`, `admins`. */
export class SocketRooms {
  readonly #server: SocketServer;

  constructor(server: SocketServer) {
    this.#server = server;
  }

  get all(): readonly ConnectedSocket[] {
    return [...this.#server.sockets.sockets.values()].flatMap(({ data }) => data.connected ?? []);
  }

  in(room: string): readonly ConnectedSocket[] {
    return [...(this.#server.sockets.adapter.rooms.get(room) ?? [])].flatMap(
      (id) => this.#server.sockets.sockets.get(id)?.data.connected ?? [],
    );
  }

  of(userId: string): readonly ConnectedSocket[] {
    return this.in(`user:${userId}`);
  }

  /** The user's own sockets and all admins'. */
  concernedBy(userId: string): readonly ConnectedSocket[] {
    return [...new Set([...this.of(userId), ...this.in('admins')])];
  }

  unconcernedBy(userId: string): readonly ConnectedSocket[] {
    const concerned = new Set(this.concernedBy(userId));
    return this.all.filter((socket) => !concerned.has(socket));
  }

  /** To those of them that take it now. */
  send(sockets: readonly ConnectedSocket[], notice: SocketNotice): void {
    this.#emit(
      sockets.filter((socket) => socket.takes(notice)),
      notice,
    );
  }

  sendPrice(notice: SocketNotice): void {
    this.#emit(
      this.all.filter((socket) => socket.takesPrice(notice)),
      notice,
    );
  }

  #emit(sockets: readonly ConnectedSocket[], notice: SocketNotice): void {
    // To nobody means to everybody, in socket.io.
    if (sockets.length === 0) return;
    // Every socket is in a room of its id; so the notice is encoded once for all of them.
    this.#server.to(sockets.map(({ id }) => id)).emit(notice.type, notice);
    for (const socket of sockets) socket.dropIfSlow();
  }
}
