import type { AllStreamResolvedEvent } from '@eventstore/db-client';
import type { DomainError } from '../../contracts/errors.ts';
import { LogGrowth, type LogPage, matchesStreams } from '../../contracts/log-subscription.ts';
import type { Position, RecordedEvent } from '../../contracts/ports/event-store.ts';
import type { Link } from './link.ts';
import { logEnd } from './log-end.ts';
import { pull } from './pull.ts';
import { storeUnavailable } from './store-unavailable.ts';
import { isForSubscribers, recordedEvent } from './stored-event.ts';
import type { StreamNames } from './stream-names.ts';

const pageSize = 500;
const tailSize = 2_048;

/**
 * The youngest events, as they come: one subscription that all subscribers of the process share. It is to all of the
 * server's events, since only so every subscriber hears at once how far the log is, whatever it asked for. A server that
 * filters says so only now and then.
 */
export class LiveTail {
  readonly link: Link;
  /** Resolves when it is known where the tail begins, or that it has ended. Never rejects. */
  readonly ready: Promise<void>;
  readonly #names: StreamNames;
  readonly #growth = new LogGrowth();
  readonly #stop = new AbortController();
  /** All of this store's events behind `from` and up to `upTo`. */
  #events: RecordedEvent[] = [];
  #from: Position = 0n;
  #upTo: Position = 0n;
  #failure: DomainError | undefined;
  #followers = 0;

  constructor(link: Link, names: StreamNames) {
    this.link = link;
    this.#names = names;
    this.ready = this.#begin().catch((error) => this.#fail(storeUnavailable(error)));
  }

  /** What is here begins behind this position. */
  get from(): Position {
    return this.#from;
  }

  /** How far the log is, as far as is known here. */
  get upTo(): Position {
    return this.#upTo;
  }

  get hasEnded(): boolean {
    return this.#failure !== undefined || this.#stop.signal.aborted;
  }

  /** The matching events behind `after`, which is not before `from`. */
  page(after: Position, streams: readonly string[] | undefined): LogPage {
    const scanned = this.#behind(after);
    const events = scanned.filter(({ stream }) => matchesStreams(stream, streams));
    return { events, upTo: scanned.length < pageSize ? this.#upTo : scanned.at(-1)!.position };
  }

  /** Resolves at the next growth, or when the signal aborts. Ask before looking. */
  next(signal: AbortSignal): Promise<void> {
    return this.#growth.next(signal);
  }

  /** @throws DomainError 'store-unavailable' when it has ended */
  refuseEnded(): void {
    if (this.#failure) throw this.#failure;
  }

  join(): void {
    this.#followers++;
  }

  /** The last to leave ends it. */
  leave(): void {
    if (--this.#followers === 0) this.#stop.abort();
  }

  async #begin(): Promise<void> {
    this.#from = this.#upTo = await logEnd(this.link);
    this.#follow().catch((error) => this.#fail(storeUnavailable(error)));
  }

  async #follow(): Promise<void> {
    const { link } = this;
    const call = link.client.subscribeToAll({ fromPosition: { commit: this.#upTo, prepare: this.#upTo } });
    // A log to which nothing is written and a subscription that has died are equally silent: only asking tells.
    let end = this.#upTo;
    const whenSilent = async () => {
      if (this.#upTo < end) throw new Error('the subscription has died');
      end = await logEnd(link);
    };
    const options = { link, signal: this.#stop.signal, patienceMs: link.deadlineMs / 3, whenSilent };
    for await (const { event } of pull<AllStreamResolvedEvent>(call, options)) {
      if (!event) continue;
      const stream = this.#names.ours(event.streamId);
      if (stream !== undefined && isForSubscribers(event)) this.#keep(recordedEvent(stream, event));
      this.#upTo = event.position.commit;
      this.#growth.announce();
    }
    if (!this.#stop.signal.aborted) throw new Error('the server ended the subscription');
  }

  #keep(event: RecordedEvent): void {
    this.#events.push(event);
    if (this.#events.length <= 2 * tailSize) return;
    const dropped = this.#events.length - tailSize;
    this.#from = this.#events[dropped - 1]!.position;
    this.#events = this.#events.slice(dropped);
  }

  #behind(after: Position): readonly RecordedEvent[] {
    let [low, high] = [0, this.#events.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#events[middle]!.position <= after) low = middle + 1;
      else high = middle;
    }
    return this.#events.slice(low, low + pageSize);
  }

  #fail(error: DomainError): void {
    this.#failure = error;
    this.#growth.announce();
  }
}
