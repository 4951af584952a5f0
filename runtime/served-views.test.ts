import { MemoryViewStore } from '../adapters/memory/memory-view-store.ts';
import { DomainError } from '../contracts/errors.ts';
import type { ViewDefinition } from '../contracts/ports/view-store.ts';
import { eventually } from '../test/support/eventually.ts';
import { recordingLog } from '../test/support/recording-log.ts';
import { ServedViews } from './served-views.ts';
import { viewPointersView } from './view-pointers.ts';

const first: ViewDefinition = { name: 'people', version: 1, indexes: ['name'] };
const second = { ...first, version: 2, previous: first };
const third = { ...first, version: 3, previous: second };
const pets: ViewDefinition = { name: 'pets', version: 1 };

const setUp = async ({ pointer, begun = [] }: { pointer?: ViewDefinition; begun?: readonly ViewDefinition[] }) => {
  const views = new MemoryViewStore();
  const writer = new ServedViews(views);
  if (pointer) await writer.pointers.move(pointer, new Date(0));
  for (const view of begun) await views.apply(view, [], 1n);
  const release = async (...known: readonly ViewDefinition[]) => {
    const served = new ServedViews(views, known, { everyMs: 1 });
    await served.refresh();
    return served;
  };
  return { views, writer, release };
};

describe('which version is read', () => {
  it('is the only one, known or not, without asking anybody', () => {
    const views = new MemoryViewStore();
    expect(new ServedViews(views).of(first)).toBe(first);
    expect(new ServedViews(views, [first]).of(first)).toBe(first);
  });

  it('is nobody’s guess where there are several and none could be asked for', () => {
    const served = new ServedViews(new MemoryViewStore(), [second]);
    expect(() => served.of(second)).toThrow(DomainError);
  });

  it.each([
    ['the one of the pointer', first, second, first],
    ['the new one once the pointer is there', second, second, second],
    ['the newest that an older release knows', second, first, first],
    ['the newest known below the pointer', { ...first, version: 9 }, third, third],
    ['the one of the pointer, two below the newest', first, third, first],
    ['the newest when a release was left out', { ...first, version: 0 }, third, third],
  ])('is %s', async (_, pointer, newest, expected) => {
    const { release } = await setUp({ pointer, begun: [first, second, third] });
    expect((await release(newest)).of(first)).toBe(expected);
  });

  it('is the oldest that was begun as long as nothing has been complete, else the newest', async () => {
    const begun = [first, second];
    expect((await (await setUp({ begun })).release(third)).of(third)).toBe(first);
    expect((await (await setUp({ begun: [second] })).release(third)).of(third)).toBe(second);
    const { release, views } = await setUp({});
    const served = await release(third, pets);
    expect([served.of(third), served.of(pets)]).toEqual([third, pets]);
    await views.apply(third, [], 1n);
    await served.refresh();
    expect(served.of(third)).toBe(third);
  });

  it('goes by the name: whoever asks may know another definition', async () => {
    const { release } = await setUp({ pointer: second });
    expect((await release(second)).of({ ...first })).toBe(second);
  });

  it('is not known of a previous version that is none', () => {
    const views = new MemoryViewStore();
    expect(() => new ServedViews(views, [{ ...first, previous: second }])).toThrow('before people@1');
    expect(() => new ServedViews(views, [{ ...second, previous: pets }])).toThrow('pets@1');
  });
});

describe('the pointer', () => {
  it('moves upwards only, whoever comes late', async () => {
    const { writer, release } = await setUp({ pointer: second });
    await writer.pointers.move(first, new Date(1));
    await writer.pointers.move(second, new Date(2));
    const served = await release(third);
    expect([served.of(third), served.pointers.of('people')]).toEqual([
      second,
      { version: 2, swappedAt: new Date(0).toISOString() },
    ]);
  });

  it('never seems to go back, whatever comes late from the store', async () => {
    const { views, writer, release } = await setUp({ pointer: first });
    const served = await release(second);
    const { find } = views;
    const early = await views.find(viewPointersView, { limit: 9 });
    await writer.pointers.move(second, new Date(1));
    await served.refresh();
    views.find = async () => early;
    await served.refresh();
    expect(served.of(second)).toBe(second);
    views.find = find;
  });

  it('says what is read before it has been complete', async () => {
    const { release, writer } = await setUp({ pointer: first });
    expect((await release(second, pets)).unfinished).toEqual(['pets']);
    expect((await release({ ...third, previous: { ...first, version: 2 } } as never)).unfinished).toEqual(['people']);
    await writer.pointers.move(pets, new Date(1));
    expect((await release(first, pets)).unfinished).toEqual([]);
  });
});

describe('a version that was dropped', () => {
  it('is made anew in another place, which everybody finds', async () => {
    const { writer, release } = await setUp({ pointer: second });
    const served = await release(first);
    await writer.pointers.abandon(first, new Date(1));
    await served.refresh();
    const place = served.of(first);
    expect(place).toEqual({ ...first, name: 'people~1' });
    expect(served.of(first)).toBe(place);
    expect(served.pointers.abandonedPlaceOf(first)).toBe(first);
    expect((await release(second)).of(second)).toBe(second);
  });

  it('is dropped once where two drop it, and again the next time', async () => {
    const { writer, release } = await setUp({ pointer: second });
    const other = await release(second);
    await Promise.all([writer, other].map(({ pointers }) => pointers.abandon(first, new Date(1))));
    expect(other.pointers.placeOf(first).name).toBe('people~1');
    await other.pointers.abandon(first, new Date(2));
    const { pointers } = await release(second);
    expect(pointers.placeOf(first).name).toBe('people~2');
    expect(pointers.abandonedPlaceOf(first)?.name).toBe('people~1');
  });
});

it('hears of a swap by itself, and keeps what it knew while the store is away', async () => {
  const { views, writer, release } = await setUp({ pointer: first });
  const served = await release(second);
  const stopping = new AbortController();
  const log = recordingLog();
  const ended = served.follow(log, stopping.signal);
  const { find } = views;
  let refused = 0;
  views.find = async () => {
    refused++;
    throw new DomainError('store-unavailable');
  };
  await eventually(() => refused > 3);
  expect([served.of(second), log.lines.map(({ level }) => level)]).toEqual([first, ['warn']]);
  views.find = find;
  await writer.pointers.move(second, new Date(1));
  await eventually(() => served.of(second) === second);
  stopping.abort();
  await ended;
});
