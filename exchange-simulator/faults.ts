import type { RestApi } from './rest/rest-api.ts';
import type { StreamServer } from './streams/stream-server.ts';

/** What can go wrong on command. Each lasts until `heal()`, unless it is over at once. */
export class Faults {
  readonly #rest: RestApi;
  readonly #streams: StreamServer;
  readonly #now: () => number;
  #refusing = false;

  constructor(rest: RestApi, streams: StreamServer, now: () => number) {
    this.#rest = rest;
    this.#streams = streams;
    this.#now = now;
  }

  get refusing(): boolean {
    return this.#refusing;
  }

  /** REST requests are taken and never answered. */
  hang(): void {
    this.#rest.fault = { type: 'hang' };
  }

  /** REST requests are answered with this status, 429, 418, 451 or any 5xx, and Binance's body for it. */
  answer(status: number, { retryAfterSeconds }: { readonly retryAfterSeconds?: number } = {}): void {
    this.#rest.fault = { type: 'answer', status, retryAfterSeconds };
  }

  /** REST answers break off in the middle of the body. */
  truncate(): void {
    this.#rest.fault = { type: 'truncate' };
  }

  /** Every stream connection is cut, without a closing handshake. New ones are taken. */
  dropSockets(): void {
    this.#streams.dropAll();
  }

  /** Stream connections stay open, half-open as it were: no event, no reply, no ping. What happens is lost to them. */
  silence(): void {
    this.#streams.silent = true;
  }

  /** New connections are reset, REST and WebSocket; those that are open stay. */
  refuseConnections(): void {
    this.#refusing = true;
  }

  /** Tells every stream connection that the server is about to go (and does not go). */
  announceShutdown(): void {
    this.#streams.announceShutdown(this.#now());
  }

  /** Everything works again. Requests that hang are cut. */
  heal(): void {
    this.#rest.fault = undefined;
    this.#rest.release();
    this.#streams.silent = false;
    this.#refusing = false;
  }
}
