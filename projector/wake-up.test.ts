import { WakeUp } from './wake-up.ts';

const signal = new AbortController().signal;

it('sleeps until it is woken', async () => {
  const wakeUp = new WakeUp();
  let awake = false;
  const sleeping = wakeUp.sleep(signal).then(() => {
    awake = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(awake).toBe(false);
  wakeUp.wake();
  await sleeping;
});

it('does not sleep when it was woken before, once', async () => {
  const wakeUp = new WakeUp();
  wakeUp.wake();
  wakeUp.wake();
  await wakeUp.sleep(signal);
  let awake = false;
  const sleeping = wakeUp.sleep(signal).then(() => {
    awake = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(awake).toBe(false);
  wakeUp.wake();
  await sleeping;
});

it('sleeps no longer than told, and not when the signal has aborted or aborts', async () => {
  const wakeUp = new WakeUp();
  await wakeUp.sleep(signal, 1);
  await wakeUp.sleep(AbortSignal.abort());
  const stop = new AbortController();
  const sleeping = wakeUp.sleep(stop.signal);
  stop.abort();
  await sleeping;
});
