import type { ViewDefinition } from '../contracts/ports/view-store.ts';
import { type ServedViews, versionsOf } from '../runtime/served-views.ts';
import type { AnyProjection } from './fold-batch.ts';

/** The versions of one view that this release knows, as the pointers were last read. */
export class ViewVersions {
  /** The newest first. */
  readonly all: readonly AnyProjection[];
  readonly newest: AnyProjection;
  readonly #served: ServedViews;

  constructor(newest: AnyProjection, served: ServedViews) {
    this.all = versionsOf(newest);
    this.newest = newest;
    this.#served = served;
  }

  /** The one that is read. */
  get served(): AnyProjection {
    const { version: read } = this.#served.of(this.newest);
    return this.all.find(({ version }) => version === read) ?? this.newest;
  }

  /** Those that are going to be read in the place of the served one. */
  get above(): readonly AnyProjection[] {
    const { served } = this;
    return this.all.filter(({ version }) => version > served.version);
  }

  /** When readers went over to the served version; undefined while it has not been complete, nor any above it. */
  get swappedAtMs(): number | undefined {
    const pointer = this.#served.pointers.of(this.newest.name);
    return pointer && pointer.version >= this.served.version ? Date.parse(pointer.swappedAt) : undefined;
  }

  /** Whether readers are with the newest version, or a later release's, for good. */
  get settled(): boolean {
    return this.served === this.newest && this.swappedAtMs !== undefined;
  }

  /** Where the version's rows lie. */
  placeOf(version: AnyProjection): ViewDefinition {
    return this.#served.pointers.placeOf(version);
  }

  /** Where rows of these versions may have been left that are nobody's. */
  get abandonedPlaces(): readonly ViewDefinition[] {
    return this.all.flatMap((version) => this.#served.pointers.abandonedPlaceOf(version) ?? []);
  }

  /** @throws DomainError 'store-unavailable' */
  async serveNewest(at: Date): Promise<void> {
    await this.#served.pointers.move(this.newest, at);
  }

  /** @throws DomainError 'store-unavailable' */
  async abandon(version: AnyProjection, at: Date): Promise<void> {
    await this.#served.pointers.abandon(version, at);
  }
}
