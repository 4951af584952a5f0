import type { Position, Subscribed, SubscribeOptions } from '../../contracts/ports/event-store.ts';
import { catchUp } from './catch-up.ts';
import type { Link } from './link.ts';
import { LiveTail } from './live-tail.ts';
import { storeUnavailable } from './store-unavailable.ts';
import type { StreamNames } from './stream-names.ts';

interface Needs {
  /** The link to use now. */
  readonly link: () => Link;
  readonly names: StreamNames;
  /** The position of a record before all of this store's events. */
  readonly start: Position;
}

/** Subscribers read what is behind them each by itself, filtered by the server, and go on with the tail that they share. */
export class Subscriptions {
  readonly #needs: Needs;
  #tail: LiveTail | undefined;

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  /** How far the log is, as far as subscribers have heard; 0 where there are none. */
  get upTo(): Position {
    return this.#tail?.upTo ?? 0n;
  }

  /** @throws DomainError 'store-unavailable' */
  async *subscribe(options: SubscribeOptions): AsyncIterable<Subscribed> {
    if (options.signal.aborted) return;
    const tail = this.#joinTail();
    try {
      await tail.ready;
      yield* this.#follow(tail, options);
    } catch (error) {
      throw storeUnavailable(error);
    } finally {
      tail.leave();
    }
  }

  #joinTail(): LiveTail {
    if (!this.#tail || this.#tail.hasEnded) this.#tail = new LiveTail(this.#needs.link(), this.#needs.names);
    this.#tail.join();
    return this.#tail;
  }

  async *#follow(tail: LiveTail, { after = 0n, streams, signal }: SubscribeOptions): AsyncIterable<Subscribed> {
    const { names, start } = this.#needs;
    let at = after > start ? after : start;
    let caughtUp = false;
    while (!signal.aborted) {
      tail.refuseEnded();
      if (at < tail.from) {
        // In the log before the catching up begins, so passed when it ends.
        const reached = tail.upTo;
        for await (const item of catchUp({ link: tail.link, names, start, after: at, streams, signal })) {
          yield item;
          if (item.type !== 'caught-up') at = item.type === 'event' ? item.event.position : item.position;
        }
        if (signal.aborted) return;
        if (reached > at) at = reached;
        yield { type: 'checkpoint', position: at };
      } else if (at < tail.upTo) {
        const page = tail.page(at, streams);
        for (const event of page.events) {
          yield { type: 'event', event };
          if (signal.aborted) return;
        }
        at = page.upTo;
        yield { type: 'checkpoint', position: at };
      } else if (!caughtUp) {
        caughtUp = true;
        yield { type: 'caught-up' };
      } else await tail.next(signal);
    }
  }
}
