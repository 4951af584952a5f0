import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '../contracts/errors.ts';
import type { Log } from '../contracts/ports/log.ts';
import type { ViewDefinition, ViewStore } from '../contracts/ports/view-store.ts';
import type { VersionedView } from '../contracts/projection.ts';
import { ViewPointers } from './view-pointers.ts';

export interface ServedViewsOptions {
  /** How often the pointers are read. */
  readonly everyMs?: number;
}

/** The view's versions that this release knows, the newest first. */
export const versionsOf = <View extends { readonly previous?: View }>(newest: View): readonly View[] =>
  newest.previous ? [newest, ...versionsOf(newest.previous)] : [newest];

/**
 * Which version of each view is read, from memory. That of the pointer, or, where the pointer is above what this release
 * knows, its newest one. Where nothing was complete yet: the oldest that was begun, else the newest. Where all that this
 * release knows is above the pointer, because a release was left out: the newest, though it is being made.
 */
export class ServedViews {
  readonly pointers: ViewPointers;
  readonly #views: ViewStore;
  readonly #everyMs: number;
  readonly #known = new Map<string, VersionedView>();
  /** Where there is no pointer yet, and more than one version. */
  readonly #begun = new Map<string, VersionedView>();

  /** `known`: the newest version of each view. One that is not among them is served as it is asked for. */
  constructor(views: ViewStore, known: readonly VersionedView[] = [], { everyMs = 500 }: ServedViewsOptions = {}) {
    this.pointers = new ViewPointers(views);
    this.#views = views;
    this.#everyMs = everyMs;
    this.know(known);
  }

  /** Adds views by their newest versions. @throws Error when a previous version is not of the same name and lower */
  know(newest: readonly VersionedView[]): void {
    for (const view of newest) {
      for (const { name, version, previous } of versionsOf(view)) {
        if (previous && (previous.name !== name || previous.version >= version)) {
          throw new Error(`${previous.name}@${previous.version} can't be what was before ${name}@${version}`);
        }
      }
      this.#known.set(view.name, view);
    }
  }

  /**
   * The version to read, by the view's name. To be asked once for all that one answer shows, and anew for the next.
   * @throws DomainError 'store-unavailable' as long as there are several and the pointers could not be read once
   */
  of(view: ViewDefinition): ViewDefinition {
    const newest = this.#known.get(view.name);
    return newest ? this.pointers.placeOf(this.#versionOf(newest)) : view;
  }

  /** Names of the views whose served version has not been complete yet: what is read of them may be missing rows. */
  get unfinished(): readonly string[] {
    return [...this.#known.keys()].filter((name) => {
      const newest = this.#known.get(name)!;
      const pointer = this.pointers.of(name);
      return !pointer || versionsOf(newest).every(({ version }) => version > pointer.version);
    });
  }

  /** Reads the pointers. @throws DomainError 'store-unavailable': what was known stays */
  async refresh(): Promise<void> {
    await this.pointers.refresh();
    for (const newest of this.#known.values()) {
      if (newest.previous && !this.pointers.of(newest.name)) this.#begun.set(newest.name, await this.#begunOf(newest));
    }
  }

  /** Reads the pointers every so often until the signal aborts; while the store is away, what was known stays. Never rejects. */
  async follow(log: Log, signal: AbortSignal): Promise<void> {
    let away = false;
    while (!signal.aborted) {
      try {
        await this.refresh();
        away = false;
      } catch (error) {
        if (!away) log.warn({ err: error }, 'which versions of the views are read can’t be asked for');
        away = true;
      }
      await sleep(this.#everyMs, undefined, { signal }).catch(() => undefined);
    }
  }

  #versionOf(newest: VersionedView): VersionedView {
    const pointer = this.pointers.of(newest.name);
    if (pointer) return versionsOf(newest).find(({ version }) => version <= pointer.version) ?? newest;
    if (!newest.previous) return newest;
    const begun = this.#begun.get(newest.name);
    if (begun) return begun;
    throw new DomainError('store-unavailable', { detail: `nobody knows yet which version of ${newest.name} is read` });
  }

  async #begunOf(newest: VersionedView): Promise<VersionedView> {
    const older = versionsOf(newest).slice(1).reverse();
    for (const version of older) {
      if ((await this.#views.checkpoint(this.pointers.placeOf(version))) !== undefined) return version;
    }
    return newest;
  }
}
