import { MemoryViewStore } from '../adapters/memory/memory-view-store.ts';
import { recordedPast } from '../test/support/append-past.ts';
import { ParkedKeys } from './parked-keys.ts';

const [event] = recordedPast([{ stream: 'sum-a', type: 'added', data: {} }]);
const error = new TypeError('no number');

it('loads the keys of its own view and version, all of them', async () => {
  const views = new MemoryViewStore();
  const mine = Array.from({ length: 501 }, (_, index) => `key ${index}`);
  for (const key of mine) await new ParkedKeys(views, { name: 'sums', version: 1 }).park({ key, event: event!, error });
  for (const view of [
    { name: 'sums', version: 2 },
    { name: 'sums', version: 10 },
    { name: 'sum', version: 1 },
    { name: 'sums!', version: 1 },
    { name: 'tums', version: 1 },
  ]) {
    await new ParkedKeys(views, view).park({ key: 'theirs', event: event!, error });
  }
  const parked = new ParkedKeys(views, { name: 'sums', version: 1 });
  await parked.load();
  expect([...parked.positions.keys()].toSorted()).toEqual(mine.toSorted());
  expect(parked.positions.get('key 0')).toBe(event!.position);
});
