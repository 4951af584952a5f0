import { randomUUID } from 'node:crypto';
import { handle, readState } from '../../command-api/handle.ts';
import { emailDecider } from '../../command-api/users/email.decider.ts';
import { releaseAddress, reserveAddress } from '../../command-api/users/reserve-address.ts';
import { sweepRegistrations } from '../../command-api/users/sweep-registrations.ts';
import { type ActiveUser, userDecider } from '../../command-api/users/user.decider.ts';
import { userAftermath } from '../../command-api/users/user-aftermath.policy.ts';
import { DomainError } from '../../contracts/errors.ts';
import { emailStream, userStream } from '../../contracts/events/stream-names.ts';
import type { RecordedEvent } from '../../contracts/ports/event-store.ts';
import { justBefore } from '../support/just-before.ts';
import { asCommand, type People, peopleOver } from '../support/people.ts';

const e1 = 'one@example.com';
const e2 = 'two@example.com';
const taken = { code: 'email-taken' };
const undecided = { code: 'email-undecided', retriable: true };

const stateOf = async (people: People, userId: string) =>
  (await readState(people.store, userDecider, userStream(userId))).now.state;
const holderOf = async (people: People, email: string) =>
  (await readState(people.store, emailDecider, emailStream(people.addressKeyOf(email)))).now.state.holder;

/** Who may sign in with the address: held by the stream, and by the holder's own. */
const ownersOf = async (people: People, email: string, candidates: readonly string[]) => {
  const key = people.addressKeyOf(email);
  const states = await Promise.all(candidates.map((userId) => stateOf(people, userId)));
  return candidates.filter((_, index) => {
    const state = states[index]!;
    return state.status === 'active' && state.addressKey === key;
  });
};

/** Runs the policy over everything there is, as it would some time later. */
const runAftermath = async (people: People) => {
  const policy = userAftermath(people);
  const stop = new AbortController();
  const seen: RecordedEvent[] = [];
  for await (const item of people.store.subscribe({ streams: policy.streams, signal: stop.signal })) {
    if (item.type === 'event') seen.push(item.event);
    if (item.type === 'caught-up') stop.abort();
  }
  for (const event of seen) await policy.on[event.type]?.(event);
};

it('gives one of fifty who register an address at once the account, and the others a clear answer', async () => {
  const people = peopleOver();
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => people.register(e1)));
  const winners = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  expect(winners).toHaveLength(1);
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected')
      expect(['email-taken', 'email-undecided', 'busy']).toContain(outcome.reason.code);
  }
  expect(await holderOf(people, e1)).toMatchObject({ userId: winners[0] });
  expect(await people.credentials.hashOf(winners[0]!)).toBeDefined();
}, 30_000);

it('answers a registration that is repeated as the first time', async () => {
  const people = peopleOver();
  const ids = { userId: randomUUID(), commandId: randomUUID() };
  await people.register(e1, ids);
  expect(await people.register(e1, ids)).toBe(ids.userId);
  await expect(people.register(e1)).rejects.toMatchObject(taken);
});

it('treats spellings that reach one mailbox as one address', async () => {
  const people = peopleOver();
  await people.register('Zoë@Bücher.example');
  await expect(people.register('zoë@xn--bcher-kva.example')).rejects.toMatchObject(taken);
});

it('lets a user come back to an address whose old reservation the policy releases late', async () => {
  const people = peopleOver();
  const userId = await people.register(e1);
  await people.change(userId, { email: e2 });
  await people.change(userId, { email: e1 });
  await runAftermath(people);
  await runAftermath(people);
  expect(await holderOf(people, e1)).toMatchObject({ userId });
  expect(await holderOf(people, e2)).toBeUndefined();
  await expect(people.register(e1)).rejects.toMatchObject(taken);
});

it('gives an address that was moved away from to the next, before the policy has come by', async () => {
  const people = peopleOver();
  const first = await people.register(e1);
  await people.change(first, { email: e2 });
  const second = await people.register(e1);
  await runAftermath(people);
  expect(await holderOf(people, e1)).toMatchObject({ userId: second });
  expect(await holderOf(people, e2)).toMatchObject({ userId: first });
});

it('frees the address of a deleted user at once', async () => {
  const people = peopleOver();
  const first = await people.register(e1);
  await people.remove(first);
  const second = await people.register(e1);
  await runAftermath(people);
  expect(await ownersOf(people, e1, [first, second])).toEqual([second]);
});

it('keeps one owner while takers race changers', async () => {
  const people = peopleOver();
  const movers = await Promise.all(['a', 'b', 'c'].map((name) => people.register(`${name}@example.com`)));
  const takers: string[] = [];
  for (let round = 0; round < 15; round++) {
    const target = `target${round}@example.com`;
    await Promise.allSettled([
      ...movers.map((userId) => people.change(userId, { email: target })),
      ...movers.map((userId) => people.change(userId, { email: `back${round}-${userId}@example.com` })),
      people.register(target).then((userId) => takers.push(userId)),
      runAftermath(people),
    ]);
  }
  await runAftermath(people);
  const everybody = [...movers, ...takers];
  for (let round = 0; round < 15; round++) {
    const owners = await ownersOf(people, `target${round}@example.com`, everybody);
    expect(owners.length).toBeLessThanOrEqual(1);
    const holder = await holderOf(people, `target${round}@example.com`);
    if (owners[0] !== undefined) expect(holder).toMatchObject({ userId: owners[0] });
  }
}, 30_000);

describe('a reservation without a decision', () => {
  const reservation = (people: People, email = e1) => ({
    addressKey: people.addressKeyOf(email),
    reservationId: randomUUID(),
  });

  it('is waited for while it is young', async () => {
    const people = peopleOver();
    await reserveAddress(people.store, randomUUID(), reservation(people), asCommand());
    const failure = await people.register(e1).catch((error) => error);
    expect(failure).toMatchObject(undecided);
    expect(failure.retryAfterSeconds).toBeGreaterThan(0);
  });

  it('of a registration is given up when it is old, and the latecomer finds it so', async () => {
    const people = peopleOver({ patienceMs: 0 });
    const slow = { userId: randomUUID(), commandId: randomUUID() };
    await reserveAddress(people.store, slow.userId, reservation(people), asCommand());
    const winner = await people.register(e1);
    expect(await stateOf(people, slow.userId)).toEqual({ status: 'abandoned' });
    await expect(people.register('another@example.com', slow)).rejects.toMatchObject({
      code: 'registration-abandoned',
    });
    expect(await holderOf(people, 'another@example.com')).toBeUndefined();
    expect(await ownersOf(people, e1, [slow.userId, winner])).toEqual([winner]);
  });

  it('of a change is given up when it is old, and the slow change is refused', async () => {
    const people = peopleOver({ patienceMs: 0 });
    const slow = await people.register(e1);
    const address = reservation(people, e2);
    await reserveAddress(people.store, slow, address, asCommand());
    const winner = await people.register(e2);
    const late = handle(
      people.store,
      userDecider,
      userStream(slow),
      { type: 'change-user', email: { email: e2, ...address } },
      asCommand(),
    );
    await expect(late).rejects.toMatchObject(undecided);
    expect(await ownersOf(people, e2, [slow, winner])).toEqual([winner]);
  });

  it('is not given up when its owner decides just before the fence', async () => {
    const people = peopleOver({ patienceMs: 0 });
    const owner = await people.register(e1);
    const address = reservation(people, e2);
    await reserveAddress(people.store, owner, address, asCommand());
    // Whoever fences appends to the owner's stream: the owner's decision slips in before the first such append.
    const { append } = people.rawStore;
    people.rawStore.append = async (stream, expected, events) => {
      people.rawStore.append = append.bind(people.rawStore);
      if (stream === userStream(owner)) {
        const command = { type: 'change-user', email: { email: e2, ...address } } as const;
        await handle(people.store, userDecider, stream, command, asCommand());
      }
      return people.rawStore.append(stream, expected, events);
    };
    await expect(people.register(e2)).rejects.toBeDefined();
    await expect(people.register(e2)).rejects.toMatchObject(taken);
    expect(await ownersOf(people, e2, [owner])).toEqual([owner]);
  });

  it('is released only by its own id', async () => {
    const people = peopleOver();
    const userId = await people.register(e1);
    await releaseAddress(people.store, { ...reservation(people), reservationId: randomUUID() }, asCommand());
    expect(await holderOf(people, e1)).toMatchObject({ userId });
  });
});

describe('a change of address', () => {
  const newUser = async () => {
    const people = peopleOver();
    const userId = await people.register(e1);
    return { people, userId, stream: userStream(userId) };
  };

  it('gives the new address back when somebody else was faster to change the user', async () => {
    const { people, userId, stream } = await newUser();
    justBefore(people.rawStore, stream, async () => {
      expect(await holderOf(people, e2)).toMatchObject({ userId });
      await people.change(userId, { name: 'Faster' });
    });
    await expect(people.change(userId, { email: e2 }, 0)).rejects.toMatchObject({ code: 'revision-conflict' });
    expect(await holderOf(people, e2)).toBeUndefined();
    expect(await stateOf(people, userId)).toMatchObject({ email: e1, name: 'Faster' });
  });

  it('gives it back when the user is deleted meanwhile', async () => {
    const { people, userId, stream } = await newUser();
    justBefore(people.rawStore, stream, () => people.remove(userId));
    await expect(people.change(userId, { email: e2 })).rejects.toMatchObject({ code: 'user-not-found' });
    expect(await holderOf(people, e2)).toBeUndefined();
  });

  it('keeps the new address when the store is away before it says that it took the change', async () => {
    const { people, userId, stream } = await newUser();
    const { append } = people.rawStore;
    people.rawStore.append = async (to, ...rest) => {
      const result = await append.call(people.rawStore, to, ...rest);
      if (to === stream) throw new DomainError('store-unavailable');
      return result;
    };
    await expect(people.change(userId, { email: e2 })).rejects.toMatchObject({ code: 'store-unavailable' });
    people.rawStore.append = append;
    await expect(people.register(e2)).rejects.toMatchObject(taken);
    expect(await ownersOf(people, e2, [userId])).toEqual([userId]);
  });

  it('reserves the old address anew when the user moves away while changing its spelling', async () => {
    const { people, userId, stream } = await newUser();
    justBefore(people.rawStore, stream, () => people.change(userId, { email: e2 }));
    await people.change(userId, { email: 'One@example.com' });
    await runAftermath(people);
    const { reservationId } = (await stateOf(people, userId)) as ActiveUser;
    expect(await holderOf(people, e1)).toEqual({ userId, reservationId });
    expect(await holderOf(people, e2)).toBeUndefined();
  });
});

describe('the policy gives back', () => {
  it('the address of a change that was given up', async () => {
    const people = peopleOver();
    const userId = await people.register(e1);
    const address = { addressKey: people.addressKeyOf(e2), reservationId: randomUUID() };
    await reserveAddress(people.store, userId, address, asCommand());
    const command = { type: 'abandon-email-change', ...address } as const;
    await handle(people.store, userDecider, userStream(userId), command, asCommand());
    expect(await holderOf(people, e2)).toMatchObject({ userId });
    await runAftermath(people);
    expect(await holderOf(people, e2)).toBeUndefined();
    expect(await holderOf(people, e1)).toMatchObject({ userId });
  });

  it('the address of a deleted user', async () => {
    const people = peopleOver();
    const userId = await people.register(e1);
    await people.remove(userId);
    expect(await holderOf(people, e1)).toMatchObject({ userId });
    await runAftermath(people);
    expect(await holderOf(people, e1)).toBeUndefined();
  });
});

it('takes the note away when a registration that was cut short behind its end is repeated', async () => {
  const people = peopleOver();
  const ids = { userId: randomUUID(), commandId: randomUUID() };
  await people.register(e1, ids);
  await people.credentials.begin(ids.userId);
  await people.register(e1, ids);
  expect(await people.credentials.unfinishedSince(new Date(Date.now() + 1_000), 10)).toEqual([]);
});

it('sweeps a registration that never came to anything, and only after making sure that it never will', async () => {
  const people = peopleOver();
  const lost = randomUUID();
  await people.credentials.begin(lost);
  await people.personalData.createKey(lost);
  await people.credentials.add(lost, 'hash');
  const finished = await people.register(e1);
  await people.credentials.begin(finished);

  expect(await sweepRegistrations(people, new Date(Date.now() + 1_000))).toBe(1);
  expect(await stateOf(people, lost)).toEqual({ status: 'abandoned' });
  expect(await people.vault.get('personal-keys', lost)).toBeUndefined();
  expect([await people.credentials.hashOf(lost), await people.credentials.hashOf(finished)]).toEqual([
    undefined,
    expect.any(String),
  ]);
  expect(await people.credentials.unfinishedSince(new Date(Date.now() + 1_000), 10)).toEqual([]);
});
