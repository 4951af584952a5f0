import { BackOff } from './back-off.ts';

it('pauses the longer the more has failed, up to a limit, and shortly again after a success', async () => {
  const backOff = new BackOff(4, 40);
  const signal = new AbortController().signal;
  const pause = async () => {
    const began = performance.now();
    await backOff.pause(signal);
    return performance.now() - began;
  };
  const pauses: number[] = [];
  for (let attempt = 0; attempt < 5; attempt++) pauses.push(await pause());
  // At least half of 4, 8, 16, 32 and 40; a timer may fire up to a millisecond early.
  for (const [attempt, leastMs] of [2, 4, 8, 16, 20].entries()) expect(pauses[attempt]).toBeGreaterThan(leastMs - 1.5);
  backOff.reset();
  await Promise.race([backOff.pause(signal), new Promise((_, reject) => setTimeout(reject, 2_000).unref())]);
});

it('ends with the signal', async () => {
  const stop = new AbortController();
  const pause = new BackOff(60_000, 60_000).pause(stop.signal);
  stop.abort();
  await pause;
});
