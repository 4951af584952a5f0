import type { Log } from '../../contracts/ports/log.ts';
import { refuseOtherOptions } from './connection-string.ts';
import { Link } from './link.ts';
import { closedError } from './store-unavailable.ts';

/** The way to the server: one link at a time, and another when that is lost. */
export class Connection {
  readonly #url: string;
  readonly #deadlineMs: number;
  readonly #log: Log;
  #link: Link;
  #closed = false;

  /** @throws Error for a URL that can't be used */
  constructor(url: string, deadlineMs: number, log: Log) {
    refuseOtherOptions(url);
    this.#url = url;
    this.#deadlineMs = deadlineMs;
    this.#log = log;
    this.#link = this.#open();
  }

  /** @throws DomainError 'store-unavailable' when it is closed */
  get link(): Link {
    if (this.#closed) throw closedError();
    if (this.#link.lost.aborted) {
      this.#log.warn({ err: this.#link.lost.reason }, 'the connection to EventStoreDB was given up for a new one');
      this.#link = this.#open();
    }
    return this.#link;
  }

  close(): void {
    this.#closed = true;
    this.#link.lose(closedError());
  }

  #open(): Link {
    try {
      return new Link(this.#url, this.#deadlineMs);
    } catch (error) {
      // The client's own error carries the URL along, and with it the password.
      const { message, connectionString } = error as Error & { readonly connectionString?: string };
      throw new Error(`the EventStoreDB URL can’t be used${connectionString === undefined ? `: ${message}` : ''}`);
    }
  }
}
