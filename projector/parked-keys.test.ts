import { MemoryViewStore } from '../adapters/memory/memory-view-store.ts';
import type { Position } from '../contracts/ports/event-store.ts';
import type { ViewDefinition } from '../contracts/ports/view-store.ts';
import { recordedPast } from '../test/support/append-past.ts';
import { ParkedKeys, parkedKeysView } from './parked-keys.ts';

const view: ViewDefinition = { name: 'sums', version: 1 };
const error = new TypeError('no number');
const poisonAt = (position: number, key = 'a') => {
  const event = recordedPast(Array(position).fill({ stream: `sum-${key}`, type: 'added', data: {} })).at(-1)!;
  return { key, event, error };
};
/** What a batch reports that met a poison at `position`, and more of the key up to `upTo`. */
const poisoned = (position: number, upTo = position, key = 'a') => ({
  poisons: [poisonAt(position, key)],
  passedOver: new Map([[key, BigInt(upTo)]]),
});
const passed = (upTo: number) => ({ poisons: [], passedOver: new Map([['a', BigInt(upTo)]]) });

/** Two processes on one store, the first of which is held up at will. */
const two = async () => {
  const views = new MemoryViewStore();
  const [late, now] = [new ParkedKeys(views, view), new ParkedKeys(views, view)];
  /** What somebody who starts now finds: from which position on the key waits. */
  const found = async (): Promise<Position | undefined> => {
    const next = new ParkedKeys(views, view);
    await next.load();
    return next.positions.get('a');
  };
  const rowReaches = (position: Position) => views.apply(view, [{ key: 'a', position, value: {} }], position);
  return { views, late, now, found, rowReaches };
};

it('loads the keys of its own view and version, all of them', async () => {
  const views = new MemoryViewStore();
  const mine = Array.from({ length: 501 }, (_, index) => `key ${index}`);
  for (const key of mine) await new ParkedKeys(views, view).passOver(poisoned(1, 1, key));
  for (const other of [
    { name: 'sums', version: 2 },
    { name: 'sums', version: 10 },
    { name: 'sum', version: 1 },
    { name: 'sums!', version: 1 },
    { name: 'tums', version: 1 },
  ]) {
    await new ParkedKeys(views, other).passOver(poisoned(1, 1, 'theirs'));
  }
  const parked = new ParkedKeys(views, view);
  await parked.load();
  expect([...parked.positions.keys()].toSorted()).toEqual(mine.toSorted());
  expect(parked.positions.get('key 0')).toBe(1n);
});

it('keeps what it knew when it can’t be read', async () => {
  const { views, now } = await two();
  await now.passOver(poisoned(3));
  views.find = () => Promise.reject(new Error('away'));
  await expect(now.load()).rejects.toThrow('away');
  expect(now.positions.get('a')).toBe(3n);
});

describe('two at work', () => {
  it('is not parked again, by one that wakes up late, at an event that another has folded since', async () => {
    const { late, now, found } = await two();
    await now.passOver(poisoned(3));
    await now.free('a', 5n);
    await late.passOver(poisoned(3));
    await late.passOver(passed(5));
    expect(await found()).toBeUndefined();
  });

  it('stays parked when the one that frees it has not folded what the other passed over', async () => {
    const { late, now, found } = await two();
    await late.passOver(poisoned(3));
    await now.load();
    await now.passOver(passed(9));
    // It had folded as far as the fifth event when it was held up.
    await late.free('a', 5n);
    expect(await found()).toBe(3n);
    await now.free('a', 9n);
    expect(await found()).toBeUndefined();
  });

  it('is parked again where one passes it over that has not heard that it is free', async () => {
    const { late, now, found } = await two();
    await now.passOver(poisoned(3));
    await late.load();
    await now.free('a', 5n);
    expect(await found()).toBeUndefined();
    await late.passOver(passed(7));
    expect(await found()).toBe(3n);
  });

  it('waits for the later poison, also when one that wakes up late tells of the earlier one', async () => {
    const { views, late, now } = await two();
    await now.passOver(poisoned(3, 8));
    await late.load();
    await now.stayParked(poisonAt(6), 8n);
    await late.passOver(passed(8));
    expect((await views.find(parkedKeysView, { limit: 9 }))[0]?.value.position).toBe('6');
    await late.free('a', 8n);
    await now.stayParked(poisonAt(7), 8n);
    expect(await views.find(parkedKeysView, { limit: 9 })).toEqual([]);
  });

  it('is free when another, that could fold it, has taken its row behind all that was passed over', async () => {
    const { late, found, rowReaches } = await two();
    await late.passOver(poisoned(3, 6));
    await rowReaches(5n);
    expect(await found()).toBe(3n);
    await rowReaches(6n);
    expect(await found()).toBeUndefined();
    // Also in the store, and for good.
    await late.passOver(passed(6));
    expect(await found()).toBeUndefined();
  });
});

it('keeps what was parked before rows had this order', async () => {
  const { views, found, rowReaches } = await two();
  const value = { position: '40', eventType: 'added', error: 'TypeError', parkedAt: '2026-01-01T00:00:00.000Z' };
  await views.apply(parkedKeysView, [{ key: 'sums@1/a', position: 1n, value }], 0n);
  await rowReaches(39n);
  expect(await found()).toBe(40n);
});
