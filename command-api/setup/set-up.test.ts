import { randomBytes } from 'node:crypto';
import { adminsStream } from '../../contracts/events/stream-names.ts';
import { AdminRoster } from '../../runtime/admins.ts';
import { justBefore } from '../../test/support/just-before.ts';
import { asCommand, peopleOver } from '../../test/support/people.ts';
import { setUpFirstAdmin } from './set-up.ts';

const newSetting = () => {
  const people = peopleOver();
  const needs = { ...people, setupToken: 'a token', secret: randomBytes(32) };
  const setUp = ({ email = 'root@example.com', password = 'the first password' } = {}) =>
    setUpFirstAdmin(needs, { token: 'a token', email, password, name: 'Root' }, asCommand());
  const roster = new AdminRoster(people.store);
  return { people, setUp, isAdmin: (userId: string) => roster.isAdmin(userId) };
};
const died = async () => {
  throw new Error('the process died here');
};

it('makes one admin of two who set up at once, and leaves the other a member who can go', async () => {
  const { people, setUp, isAdmin } = newSetting();
  let winner = '';
  justBefore(people.rawStore, adminsStream, async () => {
    winner = (await setUp({ email: 'faster@example.com' })).userId;
  });
  await expect(setUp()).rejects.toMatchObject({ code: 'setup-done' });
  expect(await isAdmin(winner)).toBe(true);

  await expect(people.register('root@example.com')).rejects.toMatchObject({ code: 'email-taken' });
  const streams = new Set<string>();
  const all = people.rawStore.subscribe({ streams: ['user-'], signal: AbortSignal.timeout(5_000) });
  for await (const item of all) {
    if (item.type === 'caught-up') break;
    if (item.type === 'event') streams.add(item.event.stream.slice('user-'.length));
  }
  const [slower, ...rest] = [...streams].filter((userId) => userId !== winner);
  expect(rest).toEqual([]);
  expect(await isAdmin(slower!)).toBe(false);
  await people.remove(slower!);
});

/** Where a setup is cut short: the streams' names begin so. */
it.each(['email-', 'user-', 'admins'])('takes the password of the repeat when it was cut short at “%s”', async (at) => {
  const { people, setUp, isAdmin } = newSetting();
  const { append } = people.rawStore;
  people.rawStore.append = (stream, ...rest) =>
    stream.startsWith(at) ? died() : append.call(people.rawStore, stream, ...rest);
  await expect(setUp()).rejects.toThrow('died');
  people.rawStore.append = append;

  const { userId } = await setUp({ password: 'the second password' });
  expect(await isAdmin(userId)).toBe(true);
  const hash = await people.credentials.hashOf(userId);
  expect(await people.passwords.verify(hash, 'the second password')).toBe(true);
  expect(await people.passwords.verify(hash, 'the first password')).toBe(false);
  await expect(setUp()).rejects.toMatchObject({ code: 'setup-done' });
});
