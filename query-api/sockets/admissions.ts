import { DomainError } from '../../contracts/errors.ts';
import type { AnySocket } from './connected-socket.ts';

const mostSocketsOfUser = 50;

/** How many sockets each user has, counted from being let in: before the socket is in any room. */
export class Admissions {
  readonly #admitted = new Map<string, Set<AnySocket>>();

  /**
   * Counts the socket until it or its connection has ended.
   * @throws DomainError 'too-many-attempts'
   */
  admit(userId: string, socket: AnySocket): void {
    const { conn } = socket;
    // Nobody would tell of its end.
    if (conn.readyState === 'closed') return;
    const admitted = this.#admitted.get(userId) ?? new Set();
    if (admitted.size >= mostSocketsOfUser) throw new DomainError('too-many-attempts');
    this.#admitted.set(userId, admitted.add(socket));
    const leave = () => {
      conn.off('close', leave);
      socket.off('disconnect', leave);
      admitted.delete(socket);
      if (admitted.size === 0) this.#admitted.delete(userId);
    };
    // It never connects when its connection ends first.
    conn.on('close', leave);
    socket.on('disconnect', leave);
  }
}
