import { setTimeout as sleep } from 'node:timers/promises';
import type { Position } from '../contracts/ports/event-store.ts';
import type { ViewDefinition, ViewStore } from '../contracts/ports/view-store.ts';
import { ServedViews } from './served-views.ts';
import { idOf } from './view-pointers.ts';

/** A version of a view, and how far it is. It may be further. */
export interface Reached {
  readonly view: ViewDefinition;
  readonly position: Position;
}

/** What is known of one version. */
interface Known {
  position: Position | undefined;
  /** A projector in this process says how far it is. */
  told: boolean;
  asking: Promise<void> | undefined;
}

/** Those who wait for one view, of whichever version. */
interface Waiting {
  readonly view: ViewDefinition;
  readonly checks: Set<() => void>;
  polling: boolean;
}

export interface WaitOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface ViewProgressOptions {
  readonly pollMs?: number;
  /** As all views have one version when absent. */
  readonly served?: ServedViews;
}

/**
 * How far each view is, for readers that must see a certain write, and which version of it they read. A projector that
 * runs in this process says so itself, for as long as it runs; else the view store is asked, once for all who ask at the
 * same time, and every `pollMs` for those who wait.
 */
export class ViewProgress {
  readonly served: ServedViews;
  readonly #views: ViewStore;
  readonly #pollMs: number;
  readonly #known = new Map<string, Known>();
  readonly #waiting = new Map<string, Waiting>();

  constructor(views: ViewStore, { pollMs = 20, served = new ServedViews(views) }: ViewProgressOptions = {}) {
    this.#views = views;
    this.#pollMs = pollMs;
    this.served = served;
  }

  /** A projector in this process has taken this version so far, and says so again whenever it goes on, until `stopped`. */
  advanced(version: ViewDefinition, position: Position | undefined): void {
    this.#of(version).told = true;
    this.#learn(version, position);
  }

  /** No projector in this process goes on with this version: another one may, unheard. */
  stopped(version: ViewDefinition): void {
    this.#of(version).told = false;
  }

  /**
   * The version to read, and how far it is just now: to be asked before reading from it. Undefined when it is not at
   * `minimum` before the time is over or the signal aborts.
   * @throws DomainError 'store-unavailable'
   */
  async position(view: ViewDefinition, minimum: Position = 0n, options?: WaitOptions): Promise<Reached | undefined> {
    const version = this.served.of(view);
    const known = this.#of(version);
    if (!known.told || known.position === undefined) await this.#ask(version);
    const position = known.position ?? 0n;
    if (position >= minimum) return { view: version, position };
    const reached = await this.waitUntil(view, minimum, options);
    return reached && { view: reached, position: this.#of(reached).position ?? 0n };
  }

  /**
   * The version to read, as soon as it is at the position or further: at once when it is known to be. Undefined when
   * the time is over first or the signal aborts. Readers may go over to another version meanwhile: then that one counts.
   * @throws DomainError 'store-unavailable'
   */
  async waitUntil(
    view: ViewDefinition,
    position: Position,
    { timeoutMs = 1_000, signal }: WaitOptions = {},
  ): Promise<ViewDefinition | undefined> {
    const reached = () => {
      const version = this.served.of(view);
      return (this.#of(version).position ?? 0n) >= position ? version : undefined;
    };
    if (reached()) return reached();
    await this.#ask(this.served.of(view));
    if (reached() || signal?.aborted) return reached();
    return new Promise((resolve) => {
      const waiting = this.#waitingFor(view);
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        waiting.checks.delete(check);
        resolve(reached());
      };
      const check = () => {
        if (reached()) end();
      };
      const timer = setTimeout(end, timeoutMs);
      signal?.addEventListener('abort', end);
      waiting.checks.add(check);
      if (!waiting.polling) void this.#poll(waiting);
    });
  }

  /** Asks for as long as somebody waits. */
  async #poll(waiting: Waiting): Promise<void> {
    waiting.polling = true;
    while (waiting.checks.size > 0) {
      await sleep(this.#pollMs, undefined, { ref: false });
      // A store that is away is asked again; who waits for too long hears that the view is behind.
      if (waiting.checks.size > 0) await this.#ask(this.served.of(waiting.view)).catch(() => undefined);
      // Readers may have gone over to a version that was further all along.
      for (const check of waiting.checks) check();
    }
    waiting.polling = false;
  }

  /** Once for all who ask meanwhile. */
  async #ask(version: ViewDefinition): Promise<void> {
    const known = this.#of(version);
    const ask = async () => this.#learn(version, await this.#views.checkpoint(version));
    known.asking ??= ask().finally(() => {
      known.asking = undefined;
    });
    await known.asking;
  }

  #learn(version: ViewDefinition, position: Position | undefined): void {
    const known = this.#of(version);
    if (position === undefined || (known.position !== undefined && position <= known.position)) return;
    known.position = position;
    for (const { checks } of this.#waiting.values()) for (const check of checks) check();
  }

  #of(version: ViewDefinition): Known {
    const id = idOf(version);
    const known = this.#known.get(id) ?? { position: undefined, told: false, asking: undefined };
    this.#known.set(id, known);
    return known;
  }

  #waitingFor(view: ViewDefinition): Waiting {
    const waiting = this.#waiting.get(view.name) ?? { view, checks: new Set(), polling: false };
    this.#waiting.set(view.name, waiting);
    return waiting;
  }
}
