import { backOffMs } from './back-off.ts';

const longest = { baseMs: 10, maxMs: 50, random: () => 1 };

it('doubles with each failure, up to its limit', () => {
  expect([1, 2, 3, 4, 1_100].map((failures) => backOffMs(longest, failures))).toEqual([10, 20, 40, 50, 50]);
});

it('is anything from nothing to that', () => {
  expect(backOffMs({ ...longest, random: () => 0 }, 3)).toBe(0);
  expect(backOffMs({ ...longest, random: () => 0.25 }, 3)).toBe(10);
});
