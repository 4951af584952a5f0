import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../test/support/eventually.ts';
import { whileHeld } from './while-held.ts';

const pollMs = 10;

/** Something that only the holder does. Idle: it waits for its signal, and then a little, to end. */
const newSetting = (work?: (signal: AbortSignal) => Promise<void>) => {
  const held = { now: false, asked: 0 };
  const count = { begun: 0, running: 0, most: 0 };
  const stop = new AbortController();
  const idle = async (signal: AbortSignal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    await pause(3 * pollMs);
  };
  const counted = async (signal: AbortSignal) => {
    count.begun++;
    count.most = Math.max(count.most, ++count.running);
    try {
      await (work ?? idle)(signal);
    } finally {
      count.running--;
    }
  };
  const lease = {
    held: () => {
      held.asked++;
      return held.now;
    },
  };
  const ended = whileHeld(lease, stop.signal, counted, { pollMs });
  return { held, count, stop, ended };
};

it('begins when the lease is held, and ends with the signal', async () => {
  const { held, count, stop, ended } = newSetting();
  await eventually(() => held.asked === 3);
  expect(count.begun).toBe(0);
  held.now = true;
  await eventually(() => count.running === 1);
  stop.abort();
  await ended;
  expect(count).toMatchObject({ begun: 1, running: 0 });
});

it('ends idle work when the lease is lost, and begins anew when it is held again, never twice at once', async () => {
  const { held, count, stop, ended } = newSetting();
  for (const times of [1, 2, 3]) {
    held.now = true;
    await eventually(() => count.running === 1 && count.begun === times);
    held.now = false;
    await eventually(() => count.running === 0);
  }
  stop.abort();
  await ended;
  expect(count).toMatchObject({ begun: 3, most: 1 });
});

it('waits for the end of the work, although the lease is held again by then', async () => {
  let end = () => {};
  let aborted = false;
  const { held, count, stop, ended } = newSetting(async (signal) => {
    signal.addEventListener('abort', () => {
      aborted = true;
    });
    await new Promise<void>((resolve) => {
      end = resolve;
    });
  });
  held.now = true;
  await eventually(() => count.running === 1);
  held.now = false;
  await eventually(() => aborted);
  held.now = true;
  const asked = held.asked;
  await eventually(() => held.asked > asked + 3);
  expect(count.begun).toBe(1);
  end();
  await eventually(() => count.begun === 2);
  expect(count.most).toBe(1);
  stop.abort();
  end();
  await ended;
});

it('begins work again that has ended by itself', async () => {
  const { held, count, stop, ended } = newSetting(async () => {});
  held.now = true;
  await eventually(() => count.begun === 3);
  stop.abort();
  await ended;
});

it('ends with what the work failed with, but not when it failed by being stopped', async () => {
  const failing = newSetting(async () => {
    throw new Error('no');
  });
  failing.held.now = true;
  await expect(failing.ended).rejects.toThrow('no');

  const stopped = newSetting(async (signal) => {
    await pause(60_000, undefined, { signal });
  });
  stopped.held.now = true;
  await eventually(() => stopped.count.running === 1);
  stopped.held.now = false;
  await eventually(() => stopped.count.running === 0);
  stopped.stop.abort();
  await stopped.ended;
});
