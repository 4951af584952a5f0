import { randomUUID } from 'node:crypto';
import { grantAdmin, revokeAdmin } from '../../command-api/admins/appointments.ts';
import { adminsStream, userStream } from '../../contracts/events/stream-names.ts';
import { AdminRoster } from '../../runtime/admins.ts';
import { justBefore } from '../support/just-before.ts';
import { asCommand, type People, peopleOver } from '../support/people.ts';

const adminsOf = async (people: People, candidates: readonly string[]) => {
  const roster = new AdminRoster(people.store);
  const are = await Promise.all(candidates.map((userId) => roster.isAdmin(userId)));
  return candidates.filter((_, index) => are[index]);
};
const admins = async (people: People, count: number) => {
  const users = await Promise.all(
    Array.from({ length: count }, (_, index) => people.register(`admin${index}@example.com`)),
  );
  for (const userId of users) await grantAdmin(people.store, userId, asCommand());
  return users;
};

it('keeps the last admin, also when all step down at once', async () => {
  const people = peopleOver();
  const all = await admins(people, 4);
  const outcomes = await Promise.allSettled(all.map((userId) => revokeAdmin(people.store, userId, asCommand())));
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []));
  expect(refused).toEqual(['last-admin']);
  expect(await adminsOf(people, all)).toHaveLength(1);
});

it('grants once, repeats harmlessly, and only users who are there', async () => {
  const people = peopleOver();
  const [first] = await admins(people, 1);
  const userId = await people.register('second@example.com');
  await Promise.all(Array.from({ length: 5 }, () => grantAdmin(people.store, userId, asCommand())));
  expect(await adminsOf(people, [first!, userId])).toHaveLength(2);
  await revokeAdmin(people.store, userId, asCommand());
  await revokeAdmin(people.store, userId, asCommand());
  expect(await adminsOf(people, [first!, userId])).toEqual([first]);
  await people.remove(userId);
  await expect(grantAdmin(people.store, userId, asCommand())).rejects.toMatchObject({ code: 'user-not-found' });
  await expect(grantAdmin(people.store, randomUUID(), asCommand())).rejects.toMatchObject({ code: 'user-not-found' });
});

it('never leaves a deleted user an admin, whatever grant, revoke and delete run at once', async () => {
  const people = peopleOver();
  const [keeper] = await admins(people, 1);
  for (let round = 0; round < 25; round++) {
    const userId = await people.register(`round${round}@example.com`);
    const outcomes = await Promise.allSettled([
      grantAdmin(people.store, userId, asCommand()),
      people.remove(userId),
      revokeAdmin(people.store, userId, asCommand()),
      grantAdmin(people.store, userId, asCommand()),
    ]);
    const deleted = outcomes[1]!.status === 'fulfilled';
    if (deleted) expect(await adminsOf(people, [userId])).toEqual([]);
    else {
      // Whoever couldn't be deleted then can be once they have stepped down.
      await revokeAdmin(people.store, userId, asCommand());
      await people.remove(userId);
    }
  }
  expect(await adminsOf(people, [keeper!])).toEqual([keeper]);
}, 30_000);

it('lets an admin whose appointment was cut short be appointed, or deleted, after all', async () => {
  const people = peopleOver();
  await admins(people, 1);
  const userId = await people.register('half@example.com');
  const { append } = people.rawStore;
  people.rawStore.append = async (stream, expected, events) => {
    if (stream === 'admins') throw new Error('the process died here');
    return append.call(people.rawStore, stream, expected, events);
  };
  await expect(grantAdmin(people.store, userId, asCommand())).rejects.toThrow('died');
  people.rawStore.append = append;
  await expect(people.remove(userId)).rejects.toMatchObject({ code: 'admin-must-step-down' });
  await revokeAdmin(people.store, userId, asCommand());
  await grantAdmin(people.store, userId, asCommand());
  expect(await adminsOf(people, [userId])).toEqual([userId]);
  await revokeAdmin(people.store, userId, asCommand());
  await people.remove(userId);
});

it('makes somebody an admin again whose dismissal was cut short', async () => {
  const people = peopleOver();
  const [keeper, userId] = await admins(people, 2);
  justBefore(people.rawStore, userStream(userId!), async () => {
    throw new Error('the process died here');
  });
  await expect(revokeAdmin(people.store, userId!, asCommand())).rejects.toThrow('died');
  expect(await adminsOf(people, [keeper!, userId!])).toEqual([keeper]);
  await grantAdmin(people.store, userId!, asCommand());
  expect(await adminsOf(people, [keeper!, userId!])).toEqual([keeper, userId]);
  await expect(people.remove(userId!)).rejects.toMatchObject({ code: 'admin-must-step-down' });
});

it('does not grant what was revoked, with its user deleted, while it was on its way', async () => {
  const people = peopleOver();
  await admins(people, 1);
  const userId = await people.register('short@example.com');
  justBefore(people.rawStore, adminsStream, async () => {
    await revokeAdmin(people.store, userId, asCommand());
    await people.remove(userId);
  });
  await expect(grantAdmin(people.store, userId, asCommand())).rejects.toMatchObject({ code: 'busy' });
  expect(await adminsOf(people, [userId])).toEqual([]);
});
