import { Passwords } from './passwords.ts';

const password = 'a password for the tests';

it('tells the right password from a wrong one, and keeps neither', async () => {
  const passwords = new Passwords();
  const [one, other] = [await passwords.hash(password), await passwords.hash(password)];
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(one).not.toBe(other);
  expect(await passwords.verify(one, password)).toBe(true);
  expect(await passwords.verify(one, `${password} `)).toBe(false);
  expect(await passwords.verify(undefined, password)).toBe(false);
  // The hash that nobody has is nobody's way in.
  expect(await passwords.verify(undefined, 'nobody’s password')).toBe(false);
});

it('works as long for nobody as for somebody', async () => {
  const passwords = new Passwords({ concurrency: 1 });
  const hash = await passwords.hash(password);
  const timeOf = async (against: string | undefined) => {
    const startedAt = performance.now();
    await passwords.verify(against, 'wrong');
    return performance.now() - startedAt;
  };
  await timeOf(undefined);
  const median = (times: number[]) => times.sort((a, b) => a - b)[times.length >> 1]!;
  const [nobody, somebody]: [number[], number[]] = [[], []];
  for (let turn = 0; turn < 9; turn++) {
    nobody.push(await timeOf(undefined));
    somebody.push(await timeOf(hash));
  }
  const ratio = median(nobody) / median(somebody);
  expect(ratio).toBeGreaterThan(0.4);
  expect(ratio).toBeLessThan(2.5);
});

it('lets so many wait and no more, and takes new ones when there is room again', async () => {
  const passwords = new Passwords({ concurrency: 1, longestQueue: 2 });
  const outcomes = await Promise.allSettled(Array.from({ length: 6 }, async () => passwords.hash(password)));
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  expect(refused).toHaveLength(3);
  for (const error of refused) expect(error).toMatchObject({ code: 'busy', retryAfterSeconds: 2 });
  expect(await passwords.verify(await passwords.hash(password), password)).toBe(true);
});
