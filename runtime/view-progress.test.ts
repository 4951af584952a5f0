import { MemoryViewStore } from '../adapters/memory/memory-view-store.ts';
import { DomainError } from '../contracts/errors.ts';
import type { ViewDefinition } from '../contracts/ports/view-store.ts';
import { eventually } from '../test/support/eventually.ts';
import { ServedViews } from './served-views.ts';
import { ViewProgress } from './view-progress.ts';

const view: ViewDefinition = { name: 'people', version: 1 };
const second = { ...view, version: 2, previous: view };
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
/** The next answers about checkpoints, as they are now, come when they are released. */
const holdBack = (views: MemoryViewStore) => {
  const { checkpoint } = views;
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  views.checkpoint = async (of) => {
    const found = checkpoint(of);
    await released;
    return found;
  };
  return { release };
};

describe('waiting', () => {
  it('answers at once for what the view has, and does not ask the store again for what it knows', async () => {
    const { views, progress, asked } = setUp(never);
    await views.apply(view, [], 5n);
    expect(await progress.waitUntil(view, 5n)).toBe(view);
    expect(await progress.waitUntil(view, 4n)).toBe(view);
    expect(asked()).toBe(1);
  });

  it('wakes those who wait as soon as a projector here says so, and no others', async () => {
    const { progress } = setUp(never);
    const five = progress.waitUntil(view, 5n, { timeoutMs: never });
    const six = progress.waitUntil(view, 6n, { timeoutMs: 30 });
    const elsewhere = progress.waitUntil({ ...view, name: 'pets' }, 5n, { timeoutMs: 30 });
    await new Promise((resolve) => setImmediate(resolve));
    progress.advanced(view, 5n);
    progress.advanced(view, 3n);
    expect(await five).toBe(view);
    expect([await six, await elsewhere]).toEqual([undefined, undefined]);
    expect(await progress.waitUntil(view, 5n)).toBe(view);
  });

  it('finds out by itself when the projector is elsewhere, asking once for all', async () => {
    const { views, progress, asked } = setUp(1);
    const waiting = Array.from({ length: 50 }, () => progress.waitUntil(view, 5n, { timeoutMs: never }));
    expect(asked()).toBe(1);
    await eventually(() => asked() > 1);
    const before = asked();
    const { release } = holdBack(views);
    await eventually(() => asked() > before);
    await views.apply(view, [], 6n);
    release();
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([view]));
    // The one that was under way did not see it yet, the next one did.
    expect(asked()).toBe(before + 2);
  });

  it('says that the view is behind when the time is over', async () => {
    const { views, progress } = setUp(1);
    await views.apply(view, [], 4n);
    expect(await progress.waitUntil(view, 5n, { timeoutMs: 10 })).toBeUndefined();
  });

  it('stops waiting and asking when the signal aborts', async () => {
    const { progress, asked } = setUp(1);
    const stop = new AbortController();
    const waiting = progress.waitUntil(view, 5n, { timeoutMs: never, signal: stop.signal });
    await eventually(() => asked() > 1);
    stop.abort();
    expect(await waiting).toBeUndefined();
    expect(await progress.waitUntil(view, 5n, { timeoutMs: never, signal: stop.signal })).toBeUndefined();
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
    expect(await waiting).toBe(view);
  });
});

describe('how far it is', () => {
  it('is asked from the store as long as no projector runs here, and not kept', async () => {
    const { views, progress } = setUp(never);
    expect(await progress.position(view)).toEqual({ view, position: 0n });
    await views.apply(view, [], 5n);
    expect(await progress.position(view)).toEqual({ view, position: 5n });
    await views.apply(view, [], 6n);
    expect(await progress.position(view)).toEqual({ view, position: 6n });
  });

  it('is asked once for all who ask at the same time', async () => {
    const { views, progress, asked } = setUp(never);
    await views.apply(view, [], 5n);
    const all = await Promise.all(Array.from({ length: 50 }, () => progress.position(view)));
    expect([new Set(all.map((reached) => reached?.position)), asked()]).toEqual([new Set([5n]), 1]);
  });

  it('is what a projector here says, for as long as it runs', async () => {
    const { views, progress, asked } = setUp(never);
    progress.advanced(view, 5n);
    expect([await progress.position(view), asked()]).toEqual([{ view, position: 5n }, 0]);
    // Another projector has taken over.
    progress.stopped(view);
    await views.apply(view, [], 8n);
    expect(await progress.position(view)).toEqual({ view, position: 8n });
    progress.advanced(view, 9n);
    expect([await progress.position(view), asked()]).toEqual([{ view, position: 9n }, 1]);
  });

  it('is asked from the store where a projector here has only begun', async () => {
    const { views, progress } = setUp(never);
    await views.apply(view, [], 5n);
    progress.advanced(view, undefined);
    expect(await progress.position(view)).toEqual({ view, position: 5n });
  });

  it('is not before what was asked for, and undefined when that takes too long', async () => {
    const { views, progress, asked } = setUp(1);
    await views.apply(view, [], 4n);
    const waiting = progress.position(view, 5n, { timeoutMs: never });
    await eventually(() => asked() > 2);
    await views.apply(view, [], 7n);
    expect(await waiting).toEqual({ view, position: 7n });
    expect(await progress.position(view, 8n, { timeoutMs: 10 })).toBeUndefined();
  });

  it('is never before what is known, also where an early answer comes late', async () => {
    const { views, progress } = setUp(never);
    await views.apply(view, [], 4n);
    const { release } = holdBack(views);
    const early = progress.position(view);
    progress.advanced(view, 9n);
    progress.stopped(view);
    const late = progress.position(view, 9n);
    release();
    expect([(await early)?.position, (await late)?.position]).toEqual([9n, 9n]);
  });
});

describe('when readers go over to another version', () => {
  const swapping = async () => {
    const views = new MemoryViewStore();
    const served = new ServedViews(views, [second]);
    await served.pointers.move(view, new Date());
    await served.refresh();
    return { views, served, progress: new ViewProgress(views, { pollMs: 1, served }) };
  };

  it('waits for the one that is read', async () => {
    const { views, progress } = await swapping();
    await views.apply(second, [], 9n);
    expect(await progress.waitUntil(second, 5n, { timeoutMs: 30 })).toBeUndefined();
    await views.apply(view, [], 5n);
    expect(await progress.waitUntil(second, 5n)).toBe(view);
    expect(await progress.position(second)).toEqual({ view, position: 5n });
  });

  it('answers with the new one when it takes the place of the old during a wait', async () => {
    const { views, served, progress } = await swapping();
    await views.apply(second, [], 9n);
    await views.apply(view, [], 3n);
    const waiting = progress.position(view, 5n, { timeoutMs: never });
    const toldHere = progress.waitUntil(view, 12n, { timeoutMs: never });
    await served.pointers.move(second, new Date());
    expect(await waiting).toEqual({ view: second, position: 9n });
    progress.advanced(second, 12n);
    expect(await toldHere).toBe(second);
  });

  it('answers with the new one also when it has been known for long that it is further', async () => {
    const { served, progress } = await swapping();
    progress.advanced(second, 9n);
    const waiting = progress.waitUntil(second, 5n, { timeoutMs: never });
    await new Promise((resolve) => setImmediate(resolve));
    await served.pointers.move(second, new Date());
    expect(await waiting).toBe(second);
  });

  it('does not take the new one’s progress for the old one’s', async () => {
    const { progress } = await swapping();
    const waiting = progress.waitUntil(second, 5n, { timeoutMs: 30 });
    progress.advanced(second, 9n);
    expect(await waiting).toBeUndefined();
  });
});
