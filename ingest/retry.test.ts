import { DomainError } from '../contracts/errors.ts';
import { retrying } from './retry.ts';

const backOff = { baseMs: 1, maxMs: 2, random: () => 1 };
const { signal } = new AbortController();
/** Fails with the errors, one after the other, and then answers how often it was asked. */
const failing = (...errors: readonly Error[]) => {
  let asked = 0;
  return async () => {
    const error = errors[asked++];
    if (error) throw error;
    return asked;
  };
};
const away = () => new DomainError('store-unavailable');

it('tries again what may go well another time, and tells of each failure', async () => {
  const failures: unknown[] = [];
  const failed = (error: unknown) => void failures.push(error);
  expect(await retrying(failing(away(), away()), { backOff, signal, failed })).toBe(3);
  expect(failures).toEqual([away(), away()]);
});

it('gives up after its attempts', async () => {
  const work = failing(away(), away(), away());
  await expect(retrying(work, { backOff, signal, attempts: 2 })).rejects.toMatchObject({ code: 'store-unavailable' });
  await expect(work()).rejects.toMatchObject({ code: 'store-unavailable' });
  expect(await work()).toBe(4);
});

it.each([new DomainError('unknown-symbol'), new Error('a bug')])('does not try again after %s', async (error) => {
  await expect(retrying(failing(error), { backOff, signal })).rejects.toBe(error);
});

it('does not come back before the time that the failure names', async () => {
  const startedMs = performance.now();
  await retrying(failing(new DomainError('busy', { retryAfterSeconds: 0.1 })), { backOff, signal });
  expect(performance.now() - startedMs).toBeGreaterThan(95);
});

it('ends when the signal aborts, also while it waits', async () => {
  const stop = new AbortController();
  const patient = { baseMs: 3_600_000, maxMs: 3_600_000, random: () => 1 };
  const failed = () => stop.abort();
  const work = retrying(failing(away()), { backOff: patient, signal: stop.signal, failed });
  await expect(work).rejects.toMatchObject({ name: 'AbortError' });
});
