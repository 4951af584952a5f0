import { MemoryViewStore } from '../adapters/memory/memory-view-store.ts';
import { DomainError } from '../contracts/errors.ts';
import type { ViewDefinition } from '../contracts/ports/view-store.ts';
import { eventually } from '../test/support/eventually.ts';
import { ViewProgress } from './view-progress.ts';

const view: ViewDefinition = { name: 'people', version: 1 };
const never = 60_000;

const setUp = (pollMs: number) => {
  const views = new MemoryViewStore();
  let asked = 0;
  const checkpoint = views.checkpoint.bind(views);
  views.checkpoint = async (of) => {
    asked++;
    return checkpoint(of);
  };
  return { views, progress: new ViewProgress(views, { pollMs }), asked: () => asked };
};

it('answers at once for what the view has, and does not ask the store again for what it knows', async () => {
  const { views, progress, asked } = setUp(never);
  await views.apply(view, [], 5n);
  expect(await progress.waitUntil(view, 5n)).toBe(true);
  expect(await progress.waitUntil(view, 4n)).toBe(true);
  expect(asked()).toBe(1);
});

it('wakes those who wait as soon as a projector here says so, and no others', async () => {
  const { progress } = setUp(never);
  const five = progress.waitUntil(view, 5n, { timeoutMs: never });
  const six = progress.waitUntil(view, 6n, { timeoutMs: 30 });
  const elsewhere = progress.waitUntil({ ...view, version: 2 }, 5n, { timeoutMs: 30 });
  await new Promise((resolve) => setImmediate(resolve));
  progress.advanced(view, 5n);
  progress.advanced(view, 3n);
  expect(await five).toBe(true);
  expect([await six, await elsewhere]).toEqual([false, false]);
  expect(await progress.waitUntil(view, 5n)).toBe(true);
});

it('finds out by itself when the projector is elsewhere, asking once for all', async () => {
  const { views, progress, asked } = setUp(1);
  const waiting = Array.from({ length: 50 }, () => progress.waitUntil(view, 5n, { timeoutMs: never }));
  expect(asked()).toBe(50);
  const { checkpoint } = views;
  let answer = () => {};
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  views.checkpoint = async (of) => {
    const found = checkpoint(of);
    await answered;
    return found;
  };
  await eventually(() => asked() > 50);
  await views.apply(view, [], 6n);
  answer();
  expect(new Set(await Promise.all(waiting))).toEqual(new Set([true]));
  // The one that was under way did not see it yet, the next one did.
  expect(asked()).toBe(52);
});

it('says that the view is behind when the time is over', async () => {
  const { views, progress } = setUp(1);
  await views.apply(view, [], 4n);
  expect(await progress.waitUntil(view, 5n, { timeoutMs: 10 })).toBe(false);
});

it('stops waiting and asking when the signal aborts', async () => {
  const { progress, asked } = setUp(1);
  const stop = new AbortController();
  const waiting = progress.waitUntil(view, 5n, { timeoutMs: never, signal: stop.signal });
  await eventually(() => asked() > 1);
  stop.abort();
  expect(await waiting).toBe(false);
  expect(await progress.waitUntil(view, 5n, { timeoutMs: never, signal: stop.signal })).toBe(false);
  const after = asked();
  // Another one asks often meanwhile.
  const witness = setUp(1);
  const watching = witness.progress.waitUntil(view, 5n, { timeoutMs: never });
  await eventually(() => witness.asked() > 10);
  expect(asked()).toBe(after);
  witness.progress.advanced(view, 5n);
  await watching;
});

it('outlasts a store that is away while it polls, and says so when it is away at once', async () => {
  const { views, progress } = setUp(1);
  const waiting = progress.waitUntil(view, 5n, { timeoutMs: never });
  await new Promise((resolve) => setImmediate(resolve));
  const { checkpoint } = views;
  let refused = 0;
  views.checkpoint = async () => {
    refused++;
    throw new DomainError('store-unavailable');
  };
  await expect(progress.waitUntil(view, 5n)).rejects.toMatchObject({ code: 'store-unavailable' });
  await eventually(() => refused > 3);
  views.checkpoint = checkpoint;
  await views.apply(view, [], 5n);
  expect(await waiting).toBe(true);
});
