import type { ViewDefinition, ViewRow, ViewStore } from '../contracts/ports/view-store.ts';

/**
 * Which version of each view is read, and where a version's rows lie. Key `<view>`, position = version: the row's guard
 * lets it move upwards only, so that of two who move it the higher wins. Key `<view>@<version>`, position = how often
 * that version has been dropped.
 */
export const viewPointersView: ViewDefinition = { name: 'view-pointers', version: 1 };

type Pointer = { readonly version: number; readonly swappedAt: string };
type Dropped = { readonly droppedAt: string };

/** More than there will ever be. */
const mostRows = 1_000;

/** The pointers as they were last read. What they say only grows, so that an old answer is never taken for a new one. */
export class ViewPointers {
  readonly #views: ViewStore;
  readonly #rows = new Map<string, ViewRow>();
  readonly #places = new Map<string, ViewDefinition>();

  constructor(views: ViewStore) {
    this.#views = views;
  }

  /** @throws DomainError 'store-unavailable' */
  async refresh(): Promise<void> {
    for (const row of await this.#views.find(viewPointersView, { limit: mostRows })) {
      const known = this.#rows.get(row.key);
      if (!known || known.position < row.position) this.#rows.set(row.key, row);
    }
  }

  /** Undefined as long as no version of the view has been complete. */
  of(name: string): Pointer | undefined {
    return this.#rows.get(name)?.value as Pointer | undefined;
  }

  /**
   * Where the version's rows lie. A version that was dropped and is wanted again is made in another place: whoever still
   * writes to the old one, or drops it late, does no harm. The same object as long as the place is the same.
   */
  placeOf(version: ViewDefinition): ViewDefinition {
    return this.#place(version, this.#drops(version));
  }

  /** Where rows of the version may be left that are nobody's: the last place that it had before. */
  abandonedPlaceOf(version: ViewDefinition): ViewDefinition | undefined {
    const drops = this.#drops(version);
    return drops === 0n ? undefined : this.#place(version, drops - 1n);
  }

  /** Readers go over to this version, unless they have gone to a higher one. @throws DomainError 'store-unavailable' */
  async move({ name, version }: ViewDefinition, at: Date): Promise<void> {
    const value: Pointer = { version, swappedAt: at.toISOString() };
    await this.#views.apply(viewPointersView, [{ key: name, position: BigInt(version), value }], 0n);
    await this.refresh();
  }

  /** From now on the place that the version had is nobody's. To call before it is dropped. @throws DomainError 'store-unavailable' */
  async abandon(version: ViewDefinition, at: Date): Promise<void> {
    const value: Dropped = { droppedAt: at.toISOString() };
    const position = this.#drops(version) + 1n;
    await this.#views.apply(viewPointersView, [{ key: idOf(version), position, value }], 0n);
    await this.refresh();
  }

  #place(version: ViewDefinition, drops: bigint): ViewDefinition {
    if (drops === 0n) return version;
    const name = `${version.name}~${drops}`;
    const id = idOf({ ...version, name });
    const place = this.#places.get(id) ?? { ...version, name };
    this.#places.set(id, place);
    return place;
  }

  #drops(version: ViewDefinition): bigint {
    return this.#rows.get(idOf(version))?.position ?? 0n;
  }
}

/** Tells views, and versions of one view, apart. */
export const idOf = ({ name, version }: ViewDefinition): string => `${name}@${version}`;
