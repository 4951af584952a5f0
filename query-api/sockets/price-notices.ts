import type { DeliveredMessage } from '../../contracts/ports/bus.ts';
import type { Log } from '../../contracts/ports/log.ts';
import type { Notice, SocketNotice } from '../../contracts/sockets/notices.ts';
import type { PriceReader } from '../prices/price-reader.ts';
import { noticeIn } from './notice-in.ts';
import type { SocketRooms } from './socket-rooms.ts';

/** Hands new prices out to every socket, and makes the reader forget the old ones. */
export class PriceNotices {
  readonly #rooms: SocketRooms;
  readonly #prices: PriceReader;
  readonly #log: Log;
  readonly #latest = new Map<string, Notice>();

  constructor(rooms: SocketRooms, prices: PriceReader, log: Log) {
    this.#rooms = rooms;
    this.#prices = prices;
    this.#log = log;
  }

  /** @throws DomainError 'store-unavailable', 'view-behind': the message must come again */
  async handle(message: DeliveredMessage): Promise<void> {
    const notice = noticeIn(message, this.#log);
    const symbol = notice && this.#prices.symbolOf(notice.subject);
    if (!notice || symbol === undefined) return;
    const position = BigInt(notice.position);
    const before = this.#latest.get(symbol);
    if (before && position <= BigInt(before.position)) return;
    this.#prices.announce(symbol, position);
    if (this.#rooms.all.length > 0) this.#rooms.sendPrice(await this.#shown(symbol, notice, position));
    this.#latest.set(symbol, notice);
  }

  /** The last notice of each symbol, for a socket that has just connected. @throws DomainError 'store-unavailable', 'view-behind' */
  async latest(): Promise<readonly SocketNotice[]> {
    const shown: SocketNotice[] = [];
    for (const [symbol, notice] of this.#latest) shown.push(await this.#shown(symbol, notice, undefined));
    return shown;
  }

  async #shown(symbol: string, notice: Notice, minimum: bigint | undefined): Promise<SocketNotice> {
    return { ...notice, data: { ...(await this.#prices.read(symbol, minimum)).value } };
  }
}
