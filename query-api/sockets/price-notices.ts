import type { DeliveredMessage } from '../../contracts/ports/bus.ts';
import type { Position } from '../../contracts/ports/event-store.ts';
import type { Log } from '../../contracts/ports/log.ts';
import type { SocketNotice } from '../../contracts/sockets/notices.ts';
import { priceNotice } from '../../projector/prices/latest-price.projection.ts';
import type { PriceReader } from '../prices/price-reader.ts';
import { noticeIn } from './notice-in.ts';
import type { SocketRooms } from './socket-rooms.ts';

/** Hands new prices out to every socket, and makes the reader forget the old ones. */
export class PriceNotices {
  readonly #rooms: SocketRooms;
  readonly #prices: PriceReader;
  readonly #log: Log;
  readonly #told = new Map<string, Position>();

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
    if (position <= (this.#told.get(symbol) ?? -1n)) return;
    this.#prices.announce(symbol, position);
    if (this.#rooms.all.length > 0) {
      const { value } = await this.#prices.read(symbol, position);
      this.#rooms.sendPrice({ ...notice, data: { ...value } });
    }
    this.#told.set(symbol, position);
  }

  /**
   * The latest price of each symbol that has one, announced here or not, for a socket that has just connected.
   * @throws DomainError 'store-unavailable', 'view-behind'
   */
  async latest(): Promise<readonly SocketNotice[]> {
    const shown: SocketNotice[] = [];
    for (const symbol of this.#prices.symbols) {
      const { value, pricedAt } = await this.#prices.read(symbol);
      const { source, asOf } = value;
      if (pricedAt === undefined || asOf === null) continue;
      shown.push({ ...priceNotice({ symbol, source, asOf }, pricedAt), data: { ...value } });
    }
    return shown;
  }
}
