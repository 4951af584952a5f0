import type { Position } from './event-store.ts';

/** A JSON object. What a projection makes of the events of one key. */
export type ViewValue = Readonly<Record<string, unknown>>;

export interface ViewDefinition {
  /** With the version: a view of another version is another view. */
  readonly name: string;
  readonly version: number;
  /**
   * Fields of the value that `find` may ask for, each indexed, none of them unique. Names of letters, digits and `_`.
   * They belong to the version: a store need not manage to index rows that are there already.
   */
  readonly indexes?: readonly string[];
}

export interface ViewRow<Value extends ViewValue = ViewValue> {
  readonly key: string;
  /** Of the last event that the row reflects. */
  readonly position: Position;
  readonly value: Value;
}

/** A row as it shall be; without a value it is deleted and stays as a tombstone that keeps its position. */
export interface RowChange {
  readonly key: string;
  readonly position: Position;
  readonly value: ViewValue | undefined;
}

export interface FindOptions {
  /** Equality of text on an indexed field; what is not text is equal to none. */
  readonly where?: { readonly field: string; readonly equals: string } | undefined;
  /** Keys at or after this one. */
  readonly from?: string | undefined;
  /** Keys before this one. */
  readonly before?: string | undefined;
  /** Keys strictly behind this one in the order asked for: where the last page ended. */
  readonly after?: string | undefined;
  /** By key, byte by byte. */
  readonly order?: 'ascending' | 'descending' | undefined;
  readonly limit: number;
}

/**
 * Where views are kept. Everything in it can be made again from the events. A view that was never prepared reads as
 * empty. Keys are any well-formed text without a NUL. A value comes back as JSON would have kept it.
 *
 * A checkpoint never outlives its rows. A power cut may take the last batches from SQLite, both together; MongoDB loses
 * nothing that it has acknowledged, nor does a change of its primary, since a projector goes on from what it remembers.
 * @throws DomainError 'store-unavailable' (safe to repeat)
 */
export interface ViewStore {
  /** Makes the view's place and indexes where they are missing. Safe to repeat. */
  prepare(view: ViewDefinition): Promise<void>;
  get(view: ViewDefinition, key: string): Promise<ViewRow | undefined>;
  /** The row's position, also a tombstone's. */
  position(view: ViewDefinition, key: string): Promise<Position | undefined>;
  /** These keys' rows as they stand, tombstones without a value; a key that never had a row is left out. In any order. */
  load(view: ViewDefinition, keys: readonly string[]): Promise<readonly RowChange[]>;
  find(view: ViewDefinition, options: FindOptions): Promise<readonly ViewRow[]>;
  /**
   * Writes the rows, then the checkpoint. A row never goes back: a change at or below the row's position is passed
   * over, and of several changes of one key the latest stays. The checkpoint never goes back either. SQLite does all of
   * it in one transaction; MongoDB may leave rows ahead of the checkpoint, which the guards make harmless.
   */
  apply(view: ViewDefinition, changes: readonly RowChange[], checkpoint: Position): Promise<void>;
  /** How far the view has looked; undefined before its first batch. */
  checkpoint(view: ViewDefinition): Promise<Position | undefined>;
  /** Removes rows, tombstones included, whose key is before this one. For views with a retention. Returns how many. */
  purge(view: ViewDefinition, before: string): Promise<number>;
  /** Removes the view, its rows and its checkpoint. Where it breaks off it may leave rows, never a checkpoint without them. */
  drop(view: ViewDefinition): Promise<void>;
}
