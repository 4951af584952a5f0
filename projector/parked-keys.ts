import type { Position } from '../contracts/ports/event-store.ts';
import type { ViewDefinition, ViewStore } from '../contracts/ports/view-store.ts';
import type { Poison } from './fold-batch.ts';

/** What waits, and since which event. Key: `<view>@<version>/<key>`. */
export const parkedKeysView: ViewDefinition = { name: 'parked-keys', version: 1 };

/** Nothing personal: the error's name, and not its words, which may repeat the event. */
export type ParkedKey = {
  /** Of the event that could not be folded, in digits. */
  readonly position: string;
  readonly eventType: string;
  readonly error: string;
  readonly parkedAt: string;
};

const pageSize = 500;

/** The keys of one view that are parked, in memory and in the view store. */
export class ParkedKeys {
  readonly #views: ViewStore;
  readonly #prefix: string;
  readonly #positions = new Map<string, Position>();

  constructor(views: ViewStore, view: ViewDefinition) {
    this.#views = views;
    this.#prefix = `${view.name}@${view.version}/`;
  }

  /** Per parked key, the position from which its events wait. */
  get positions(): ReadonlyMap<string, Position> {
    return this.#positions;
  }

  /** Reads what was parked before this process, or by another one. */
  async load(): Promise<void> {
    const found = new Map<string, Position>();
    // The character behind the slash ends the range of keys that begin alike.
    const before = `${this.#prefix.slice(0, -1)}0`;
    for (let after: string | undefined; ; ) {
      const rows = await this.#views.find(parkedKeysView, { from: this.#prefix, before, after, limit: pageSize });
      for (const { key, value } of rows) {
        found.set(key.slice(this.#prefix.length), BigInt((value as ParkedKey).position));
      }
      if (rows.length < pageSize) break;
      after = rows.at(-1)!.key;
    }
    this.#positions.clear();
    for (const [key, position] of found) this.#positions.set(key, position);
  }

  async park({ key, event, error }: Poison): Promise<void> {
    const parked: ParkedKey = {
      position: String(event.position),
      eventType: event.type,
      error: error instanceof Error ? error.name : typeof error,
      parkedAt: new Date().toISOString(),
    };
    await this.#write(key, parked);
    this.#positions.set(key, event.position);
  }

  async unpark(key: string): Promise<void> {
    await this.#write(key, undefined);
    this.#positions.delete(key);
  }

  /** A row of this view counts its own changes: a key may be parked, freed and parked again at any event. */
  async #write(key: string, value: ParkedKey | undefined): Promise<void> {
    const rowKey = this.#prefix + key;
    const position = ((await this.#views.position(parkedKeysView, rowKey)) ?? 0n) + 1n;
    await this.#views.apply(parkedKeysView, [{ key: rowKey, position, value }], 0n);
  }
}
