import { randomBytes } from 'node:crypto';
import { memoryLimiters } from '../../adapters/memory/memory-limiter.ts';
import { DomainError } from '../../contracts/errors.ts';
import type { Limiters } from '../../contracts/ports/limiter.ts';
import { Passwords } from '../../runtime/passwords.ts';
import { peopleOver } from '../../test/support/people.ts';
import { checkSignIn } from './sign-in.ts';
import { SignInLimits } from './sign-in-limits.ts';

const password = 'long enough a password';

/** Passwords that note what they were asked to compare. */
class NotedPasswords extends Passwords {
  readonly checked: ('a hash' | 'nothing')[] = [];
  busy = false;

  override verify(hash: string | undefined, given: string): Promise<boolean> {
    if (this.busy) return Promise.reject(new DomainError('busy'));
    this.checked.push(hash === undefined ? 'nothing' : 'a hash');
    return super.verify(hash, given);
  }
}

const setUp = ({ perAccount = 3, perAddress = 5 } = {}) => {
  const people = peopleOver();
  const passwords = new NotedPasswords({ concurrency: 2 });
  const keys: string[] = [];
  const limiters: Limiters = (options) => {
    const limiter = memoryLimiters(options);
    return {
      take: (key) => {
        keys.push(key);
        return limiter.take(key);
      },
      forget: (key) => limiter.forget(key),
    };
  };
  const secret = randomBytes(32);
  const limits = new SignInLimits({ perAccount, perAddress, windowSeconds: 60 }, { limiters, secret });
  const signIn = (email: string, given: string, address = '192.0.2.1') =>
    checkSignIn({ ...people, passwords, limits }, { email, password: given, address });
  const codeOf = (email: string, given: string, address?: string) =>
    signIn(email, given, address).then(
      () => 'in',
      (error) => (error as DomainError).code,
    );
  return { people, passwords, keys, signIn, codeOf };
};

it('compares a password once, whether there is an account, a wrong password, or nobody', async () => {
  const { people, passwords, codeOf } = setUp({ perAccount: 10, perAddress: 10 });
  await people.register('ann@example.com', { password });
  const gone = await people.register('gone@example.com', { password });
  await people.remove(gone);
  expect(await codeOf('ann@example.com', password)).toBe('in');
  expect(await codeOf('ann@example.com', 'wrong')).toBe('bad-credentials');
  expect(await codeOf('nobody@example.com', password)).toBe('bad-credentials');
  expect(await codeOf('gone@example.com', password)).toBe('bad-credentials');
  expect(passwords.checked).toEqual(['a hash', 'a hash', 'nothing', 'nothing']);
});

it('looks at no password once there were too many', async () => {
  const { people, passwords, codeOf } = setUp();
  await people.register('ann@example.com', { password });
  for (let attempt = 0; attempt < 3; attempt++) await codeOf('ann@example.com', 'wrong');
  expect(await codeOf('ann@example.com', password)).toBe('too-many-attempts');
  expect(passwords.checked).toHaveLength(3);
});

it('begins to count anew for an account that was signed in to', async () => {
  const { people, codeOf } = setUp({ perAddress: 10 });
  await people.register('ann@example.com', { password });
  for (let round = 0; round < 2; round++) {
    expect(await codeOf('ann@example.com', 'wrong')).toBe('bad-credentials');
    expect(await codeOf('ann@example.com', 'wrong')).toBe('bad-credentials');
    expect(await codeOf('ann@example.com', password)).toBe('in');
  }
});

it('lets in by any spelling of the address, and by no former one', async () => {
  const { people, signIn, codeOf } = setUp();
  const userId = await people.register('ann@example.com', { password });
  expect(await signIn(' ANN@Example.com', password)).toMatchObject({ userId, user: { state: { status: 'active' } } });
  await people.change(userId, { email: 'ann.lee@example.com' });
  expect(await codeOf('ann.lee@example.com', password)).toBe('in');
  expect(await codeOf('ann@example.com', password)).toBe('bad-credentials');
});

it('does not count what was too much to do', async () => {
  const { people, passwords, codeOf } = setUp();
  await people.register('ann@example.com', { password });
  passwords.busy = true;
  for (let attempt = 0; attempt < 20; attempt++) expect(await codeOf('ann@example.com', password)).toBe('busy');
  passwords.busy = false;
  expect(await codeOf('ann@example.com', password)).toBe('in');
});

it('counts a guess at every account for the client that guesses, and frees it by a success once only', async () => {
  const { people, codeOf } = setUp();
  await people.register('ann@example.com', { password });
  const [thief, home] = ['192.0.2.66', '192.0.2.1'];
  for (let attempt = 0; attempt < 4; attempt++) {
    expect(await codeOf(`nobody${attempt}@example.com`, 'wrong', thief)).toBe('bad-credentials');
  }
  expect(await codeOf('ann@example.com', password, thief)).toBe('in');
  expect(await codeOf('nobody5@example.com', 'wrong', thief)).toBe('bad-credentials');
  expect(await codeOf('nobody6@example.com', 'wrong', thief)).toBe('too-many-attempts');
  expect(await codeOf('ann@example.com', password, home)).toBe('in');
});

it('says nothing personal to where attempts are counted', async () => {
  const { keys, codeOf } = setUp();
  await codeOf('ann@example.com', 'wrong');
  await codeOf('ann@example.com', 'wrong', '192.0.2.66');
  expect(keys).toHaveLength(4);
  // By client, by account, and again; one account, two clients.
  expect(new Set(keys).size).toBe(3);
  for (const key of keys) expect(key).toMatch(/^[0-9a-f]{64}$/);
});
