import type { Position } from '../contracts/ports/event-store.ts';
import type { RowChange, ViewDefinition, ViewStore } from '../contracts/ports/view-store.ts';
import { idOf } from '../runtime/view-pointers.ts';
import type { Folded, Poison } from './fold-batch.ts';

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

/**
 * Rows of this view are ordered by what they say of their key, up to an event's position: that it was passed over, that
 * it was tried once more in vain, that all is folded. So where two projectors are at work, or one wakes up late, neither
 * frees a key that the other has passed an event of since, nor parks one that the other has folded further.
 */
const passedOverUpTo = (position: Position): Position => position * 4n;
const triedUpTo = (position: Position): Position => position * 4n + 1n;
const foldedUpTo = (position: Position): Position => position * 4n + 2n;
const positionOf = (order: Position): Position => order / 4n;

const parkedBy = ({ event, error }: Poison): ParkedKey => ({
  position: String(event.position),
  eventType: event.type,
  error: error instanceof Error ? error.name : typeof error,
  parkedAt: new Date().toISOString(),
});

/** The keys of one view that are parked, in memory and in the view store. */
export class ParkedKeys {
  readonly #views: ViewStore;
  readonly #view: ViewDefinition;
  readonly #prefix: string;
  readonly #parked = new Map<string, ParkedKey>();

  constructor(views: ViewStore, view: ViewDefinition) {
    this.#views = views;
    this.#view = view;
    this.#prefix = `${idOf(view)}/`;
  }

  /** Per parked key, the position from which its events wait. */
  get positions(): ReadonlyMap<string, Position> {
    return new Map([...this.#parked].map(([key, { position }]) => [key, BigInt(position)]));
  }

  /**
   * Reads what was parked before this process, or by another one. To be called behind reading the checkpoint: what it
   * has passed is parked before.
   */
  async load(): Promise<void> {
    const found = new Map<string, ParkedKey>();
    // The character behind the slash ends the range of keys that begin alike.
    const before = `${this.#prefix.slice(0, -1)}0`;
    for (let after: string | undefined; ; ) {
      const rows = await this.#views.find(parkedKeysView, { from: this.#prefix, before, after, limit: pageSize });
      const keys = rows.map(({ key }) => key.slice(this.#prefix.length));
      const made = keys.length === 0 ? [] : await this.#views.load(this.#view, keys);
      const folded = new Map(made.map(({ key, position }) => [key, position]));
      for (const [index, key] of keys.entries()) {
        const { position: order, value } = rows[index]!;
        const parked = value as ParkedKey;
        const reached = folded.get(key) ?? -1n;
        // Else another projector, that could fold it, has taken the row behind all that was passed over.
        if (reached < positionOf(order) || reached < BigInt(parked.position)) found.set(key, parked);
        else await this.free(key, reached);
      }
      if (rows.length < pageSize) break;
      after = rows.at(-1)!.key;
    }
    this.#parked.clear();
    for (const [key, parked] of found) this.#parked.set(key, parked);
  }

  /** Keeps what a batch has parked, and how far it has passed over. To be called before the checkpoint passes it. */
  async passOver({ poisons, passedOver }: Pick<Folded, 'poisons' | 'passedOver'>): Promise<void> {
    if (passedOver.size === 0) return;
    const poisoned = new Map(poisons.map((poison) => [poison.key, parkedBy(poison)]));
    const rows = [...passedOver].map(([key, position]) => ({
      key,
      position: passedOverUpTo(position),
      value: poisoned.get(key) ?? this.#parked.get(key),
    }));
    await this.#write(rows);
    for (const [key, parked] of poisoned) this.#parked.set(key, parked);
  }

  /** The key was folded anew as far as this event, and waits for it from now on. All events up to `upTo` were tried. */
  async stayParked(poison: Poison, upTo: Position): Promise<void> {
    const parked = parkedBy(poison);
    if (this.#parked.get(poison.key)?.position === parked.position) return;
    await this.#write([{ key: poison.key, position: triedUpTo(upTo), value: parked }]);
    this.#parked.set(poison.key, parked);
  }

  /** The key's events up to `upTo` are folded, all of them. */
  async free(key: string, upTo: Position): Promise<void> {
    await this.#write([{ key, position: foldedUpTo(upTo), value: undefined }]);
    this.#parked.delete(key);
  }

  async #write(rows: readonly RowChange[]): Promise<void> {
    const changes = rows.map(({ key, ...row }) => ({ ...row, key: this.#prefix + key }));
    await this.#views.apply(parkedKeysView, changes, 0n);
  }
}
