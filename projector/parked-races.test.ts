import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { MemoryEventStore } from '../adapters/memory/memory-event-store.ts';
import { MemoryViewStore } from '../adapters/memory/memory-view-store.ts';
import type { ViewStore } from '../contracts/ports/view-store.ts';
import { appendPast } from '../test/support/append-past.ts';
import { eventually } from '../test/support/eventually.ts';
import { recordingLog } from '../test/support/recording-log.ts';
import { added, failingAt, sumsOf } from '../test/support/sums.ts';
import { BackOff } from './back-off.ts';
import type { AnyProjection } from './fold-batch.ts';
import { runProjection } from './run-projection.ts';

const poison = 7;
const lenient = sumsOf(1);
const strict = failingAt(poison, lenient);
const names = ['a', 'b'] as const;
const projectors = ['strict', 'lenient'] as const;

/** The same store, of which every request and every answer takes a few turns of the event loop. */
const slowViews = (views: ViewStore, turns: () => number): ViewStore => {
  const slow =
    <Asked extends unknown[], Answer>(ask: (...asked: Asked) => Promise<Answer>) =>
    async (...asked: Asked): Promise<Answer> => {
      for (let left = turns(); left > 0; left--) await nextTurn();
      const answer = await ask.apply(views, asked);
      for (let left = turns(); left > 0; left--) await nextTurn();
      return answer;
    };
  const { prepare, get, position, load, find, apply, checkpoint, purge, drop } = views;
  return {
    ...{ prepare: slow(prepare), get: slow(get), position: slow(position), load: slow(load), find: slow(find) },
    ...{ apply: slow(apply), checkpoint: slow(checkpoint), purge: slow(purge), drop: slow(drop) },
  };
};

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ append: fc.constantFrom(...names), n: fc.constantFrom(1, 2, 4, poison) }) },
  { weight: 2, arbitrary: fc.record({ toggle: fc.constantFrom(...projectors) }) },
  { weight: 2, arbitrary: fc.record({ retry: fc.constantFrom(...names), by: fc.constantFrom(...projectors) }) },
  { weight: 3, arbitrary: fc.record({ turns: fc.nat(30) }) },
);

it('loses no event, whatever two projectors with different rules do to the same keys at the same time', async () => {
  let parkedOnce = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 20, maxLength: 60 }),
      fc.infiniteStream(fc.nat(4)),
      async (steps, slowness) => {
        const [events, kept] = [new MemoryEventStore(), new MemoryViewStore()];
        const views = slowViews(kept, () => slowness.next().value);
        const start = (projection: AnyProjection) => {
          const stopping = new AbortController();
          const { signal } = stopping;
          const log = recordingLog();
          const running = runProjection({ projection, events, views, log, signal, backOff: new BackOff(1, 2) });
          const stop = () => {
            stopping.abort();
            return running.ended;
          };
          return Object.assign(running, { stop });
        };
        const running = { strict: start(strict), lenient: start(lenient) };
        const ending: Promise<unknown>[] = [];
        const expected: Record<string, number> = {};
        for (const one of steps) {
          if ('append' in one) {
            expected[one.append] = (expected[one.append] ?? 0) + one.n;
            await appendPast(events, [added(one.append, one.n)]);
          } else if ('toggle' in one) {
            // The next one begins before the last one has ended.
            ending.push(running[one.toggle].stop());
            running[one.toggle] = start(one.toggle === 'strict' ? strict : lenient);
          } else if ('retry' in one) {
            ending.push(running[one.by].retryParked(one.retry).catch(() => undefined));
          } else for (let left = one.turns; left > 0; left--) await nextTurn();
        }
        await Promise.all([...ending, running.strict.stop(), running.lenient.stop()]);

        const last = start(lenient);
        const head = await events.head();
        await eventually(() => last.status.caughtUp && (last.status.checkpoint ?? 0n) >= head);
        parkedOnce += last.status.parked;
        for (const key of names) expect(await last.retryParked(key)).toBe(true);
        await last.stop();
        const rows = await kept.find(lenient, { limit: 9 });
        expect(Object.fromEntries(rows.map(({ key, value }) => [key, value.sum]))).toEqual(expected);
      },
    ),
    { numRuns: 150 },
  );
  // Else nothing of it was tried.
  expect(parkedOnce).toBeGreaterThan(10);
}, 120_000);
