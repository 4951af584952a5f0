import { EventEmitter, once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Position, RecordedEvent, Subscribed, SubscribeOptions } from './ports/event-store.ts';

export interface LogPage {
  /** The matching events, in order. */
  readonly events: readonly RecordedEvent[];
  /** How far was looked. The position asked with when there is nothing more. */
  readonly upTo: Position;
}

/** Wakes whoever waits for the log to grow. */
export class LogGrowth {
  readonly #emitter = new EventEmitter().setMaxListeners(0);

  announce(): void {
    this.#emitter.emit('grown');
  }

  /** Resolves at the next growth or when the signal aborts. */
  async next(signal: AbortSignal): Promise<void> {
    await once(this.#emitter, 'grown', { signal }).catch(() => undefined);
  }
}

/** A subscription over a log that can be read by page: what is there, then what comes. */
export async function* followLog(
  page: (after: Position) => LogPage,
  growth: LogGrowth,
  { after = 0n, signal }: SubscribeOptions,
): AsyncIterable<Subscribed> {
  let at = after;
  let live = false;
  while (!signal.aborted) {
    // Listen before looking, so that nothing written in between is missed.
    const grown = growth.next(signal);
    for (let next = page(at); next.upTo > at; next = page(at)) {
      for (const event of next.events) {
        yield { type: 'event', event };
        if (signal.aborted) return;
      }
      at = next.upTo;
      yield { type: 'checkpoint', position: at };
      if (signal.aborted) return;
      // Pages are read without waiting: let others have the event loop while a long log is caught up with.
      if (!live) await nextTurn();
    }
    if (!live) yield { type: 'caught-up' };
    live = true;
    await grown;
  }
}

/** Whether the stream is one of those asked for by the beginnings of their names. */
export const matchesStreams = (stream: string, streams: readonly string[] | undefined): boolean =>
  streams === undefined || streams.some((start) => stream.startsWith(start));
