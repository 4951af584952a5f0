import { setTimeout as sleep } from 'node:timers/promises';
import type { DeliveredMessage } from '../../contracts/ports/bus.ts';

type Handle = (message: DeliveredMessage) => Promise<void>;

/** The messages of one partition that are in hand: one is handled at a time, again and again until it is. */
export class PartitionLane {
  readonly #handle: Handle;
  readonly #redeliveryMs: number;
  #dropped = new AbortController();
  #last: Promise<void> = Promise.resolve();

  constructor(handle: Handle, redeliveryMs: number) {
    this.#handle = handle;
    this.#redeliveryMs = redeliveryMs;
  }

  /** Resolves when these are handled, behind those before, or when they are dropped. */
  take(messages: readonly DeliveredMessage[], onHandled: (message: DeliveredMessage) => void): Promise<void> {
    const { signal } = this.#dropped;
    this.#last = this.#last.then(async () => {
      for (const message of messages) await this.#handleOne(message, onHandled, signal);
    });
    return this.#last;
  }

  /** Forgets what has not begun. Resolves when what has begun ends. */
  drop(): Promise<void> {
    this.#dropped.abort();
    this.#dropped = new AbortController();
    return this.#last;
  }

  async #handleOne(message: DeliveredMessage, onHandled: (message: DeliveredMessage) => void, signal: AbortSignal) {
    while (!signal.aborted) {
      try {
        await this.#handle(message);
        onHandled(message);
        return;
      } catch {
        // To say why is the handler's own; here it means no more than "not yet".
        await sleep(this.#redeliveryMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}
