import type { Position } from '../../contracts/ports/event-store.ts';
import type {
  FindOptions,
  RowChange,
  ViewDefinition,
  ViewRow,
  ViewStore,
  ViewValue,
} from '../../contracts/ports/view-store.ts';

interface View {
  readonly rows: Map<string, { position: Position; value: ViewValue | undefined }>;
  /** The rows' keys in order. */
  readonly keys: string[];
  checkpoint: Position | undefined;
}

/** The order of the keys' UTF-8 bytes; strings compare by UTF-16, where surrogates sort before the last characters of the first plane. */
const compareKeys = (left: string, right: string): number => {
  const rank = (unit: number) => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
  const shorter = Math.min(left.length, right.length);
  for (let index = 0; index < shorter; index++) {
    const difference = rank(left.charCodeAt(index)) - rank(right.charCodeAt(index));
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
};

/** Where the key is in the sorted keys, or would be. */
const placeOf = (keys: readonly string[], key: string): number => {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(keys[middle]!, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** The view store's promises in maps: for tests, and to read. Nothing outlives the process. */
export class MemoryViewStore implements ViewStore {
  readonly #views = new Map<string, View>();

  async prepare(view: ViewDefinition): Promise<void> {
    this.#view(view);
  }

  async get(view: ViewDefinition, key: string): Promise<ViewRow | undefined> {
    const row = this.#view(view).rows.get(key);
    return row?.value && { key, position: row.position, value: structuredClone(row.value) };
  }

  async position(view: ViewDefinition, key: string): Promise<Position | undefined> {
    return this.#view(view).rows.get(key)?.position;
  }

  async load(view: ViewDefinition, keys: readonly string[]): Promise<readonly RowChange[]> {
    const { rows } = this.#view(view);
    return [...new Set(keys)].flatMap((key) => {
      const row = rows.get(key);
      return row ? [{ key, ...structuredClone(row) }] : [];
    });
  }

  async find(
    view: ViewDefinition,
    { where, from = '', before, after, order, limit }: FindOptions,
  ): Promise<readonly ViewRow[]> {
    if (where && !view.indexes?.includes(where.field)) throw new Error(`${view.name} has no index on ${where.field}`);
    const { rows, keys } = this.#view(view);
    const end = before === undefined ? keys.length : placeOf(keys, before);
    const inRange = keys.slice(placeOf(keys, from), end);
    const descending = order === 'descending';
    const found: ViewRow[] = [];
    for (const key of descending ? inRange.reverse() : inRange) {
      if (found.length >= limit) break;
      const { position, value } = rows.get(key)!;
      const behind = after === undefined || (descending ? compareKeys(key, after) < 0 : compareKeys(key, after) > 0);
      const matches = !where || value?.[where.field] === where.equals;
      if (value && behind && matches) found.push({ key, position, value: structuredClone(value) });
    }
    return found;
  }

  async apply(view: ViewDefinition, changes: readonly RowChange[], checkpoint: Position): Promise<void> {
    const state = this.#view(view);
    // Through JSON before anything is written: what can't be kept fails the batch as a whole.
    const written = changes.map((change) => ({
      ...change,
      value: change.value && (JSON.parse(JSON.stringify(change.value)) as ViewValue),
    }));
    for (const { key, position, value } of written) {
      const row = state.rows.get(key);
      if (row && position <= row.position) continue;
      if (!row) state.keys.splice(placeOf(state.keys, key), 0, key);
      state.rows.set(key, { position, value });
    }
    if (state.checkpoint === undefined || checkpoint > state.checkpoint) state.checkpoint = checkpoint;
  }

  async checkpoint(view: ViewDefinition): Promise<Position | undefined> {
    return this.#view(view).checkpoint;
  }

  async purge(view: ViewDefinition, before: string): Promise<number> {
    const { rows, keys } = this.#view(view);
    const purged = keys.splice(0, placeOf(keys, before));
    for (const key of purged) rows.delete(key);
    return purged.length;
  }

  async drop(view: ViewDefinition): Promise<void> {
    this.#views.delete(`${view.name}@${view.version}`);
  }

  #view({ name, version }: ViewDefinition): View {
    const id = `${name}@${version}`;
    const view = this.#views.get(id) ?? { rows: new Map(), keys: [], checkpoint: undefined };
    this.#views.set(id, view);
    return view;
  }
}
