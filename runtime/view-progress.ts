import { setTimeout as sleep } from 'node:timers/promises';
import type { Position } from '../contracts/ports/event-store.ts';
import type { ViewDefinition, ViewStore } from '../contracts/ports/view-store.ts';

interface Followed {
  readonly view: ViewDefinition;
  known: Position | undefined;
  readonly waiters: Set<() => void>;
  polling: boolean;
}

export interface WaitOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * How far each view is, for readers that must see a certain write. A projector in this process says so itself; else
 * the view store is asked every `pollMs`, once for all who wait.
 */
export class ViewProgress {
  readonly #views: ViewStore;
  readonly #pollMs: number;
  readonly #followed = new Map<string, Followed>();

  constructor(views: ViewStore, { pollMs = 20 }: { readonly pollMs?: number } = {}) {
    this.#views = views;
    this.#pollMs = pollMs;
  }

  /** The view is at this position, or further. */
  advanced(view: ViewDefinition, position: Position | undefined): void {
    const followed = this.#of(view);
    if (position === undefined || (followed.known !== undefined && position <= followed.known)) return;
    followed.known = position;
    for (const check of followed.waiters) check();
  }

  /** How far the view was when last heard of, without asking anybody; undefined before. It may be further. */
  known(view: ViewDefinition): Position | undefined {
    return this.#of(view).known;
  }

  /**
   * True as soon as the view is at the position or further; false when the time is over first or the signal aborts.
   * @throws DomainError 'store-unavailable'
   */
  async waitUntil(
    view: ViewDefinition,
    position: Position,
    { timeoutMs = 1_000, signal }: WaitOptions = {},
  ): Promise<boolean> {
    const followed = this.#of(view);
    const reached = () => followed.known !== undefined && followed.known >= position;
    if (reached()) return true;
    this.advanced(view, await this.#views.checkpoint(view));
    if (reached() || signal?.aborted) return reached();
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        followed.waiters.delete(check);
        resolve();
      };
      const check = () => {
        if (reached()) end();
      };
      const timer = setTimeout(end, timeoutMs);
      signal?.addEventListener('abort', end);
      followed.waiters.add(check);
      if (!followed.polling) void this.#poll(followed);
    });
    return reached();
  }

  /** Asks for as long as somebody waits. */
  async #poll(followed: Followed): Promise<void> {
    followed.polling = true;
    while (followed.waiters.size > 0) {
      await sleep(this.#pollMs, undefined, { ref: false });
      // A store that is away is asked again; who waits for too long hears that the view is behind.
      if (followed.waiters.size > 0) {
        this.advanced(followed.view, await this.#views.checkpoint(followed.view).catch(() => undefined));
      }
    }
    followed.polling = false;
  }

  #of(view: ViewDefinition): Followed {
    const id = `${view.name}@${view.version}`;
    const followed = this.#followed.get(id) ?? { view, known: undefined, waiters: new Set(), polling: false };
    this.#followed.set(id, followed);
    return followed;
  }
}
