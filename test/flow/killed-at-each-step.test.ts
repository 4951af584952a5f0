import { randomBytes, randomUUID } from 'node:crypto';
import { memoryLimiters } from '../../adapters/memory/memory-limiter.ts';
import { readState } from '../../command-api/handle.ts';
import { checkSignIn } from '../../command-api/sessions/sign-in.ts';
import { SignInLimits } from '../../command-api/sessions/sign-in-limits.ts';
import { isSetUp } from '../../command-api/setup/set-up.ts';
import { emailDecider } from '../../command-api/users/email.decider.ts';
import { sweepRegistrations } from '../../command-api/users/sweep-registrations.ts';
import { userDecider } from '../../command-api/users/user.decider.ts';
import { userAftermath } from '../../command-api/users/user-aftermath.policy.ts';
import { isDomainError } from '../../contracts/errors.ts';
import { emailStream, userStream } from '../../contracts/events/stream-names.ts';
import type { RecordedEvent } from '../../contracts/ports/event-store.ts';
import { startChild } from '../support/child-process.ts';
import { e1, e2, type Ids, openPeople, password, scenarios } from '../support/embedded-people.ts';
import { eventually } from '../support/eventually.ts';
import type { People } from '../support/people.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** The writes of each scenario, in order. A process dies before the first and after every one of them. */
const steps: Readonly<Record<string, readonly string[]>> = {
  register: [
    'insert pending-registrations',
    'insert personal-keys',
    'insert credentials',
    'append email.reserved',
    'append user.created',
    'remove pending-registrations',
  ],
  change: ['append email.reserved', 'append user.email-changed'],
  delete: ['append user.deleted', 'replace personal-keys', 'remove subject'],
  setup: [
    'insert pending-registrations',
    'insert personal-keys',
    'insert credentials',
    'append email.reserved',
    'append user.created',
    'remove pending-registrations',
    'append user.appointed',
    'append admin.granted',
  ],
};

const newIds = (): Ids => ({ userId: randomUUID(), commandId: randomUUID(), token: randomUUID() });
const needsAccount = (scenario: string) => scenario === 'change' || scenario === 'delete';

/** Tries until it is said for good: registered, or the address is somebody else's. */
const insist = (people: People, email: string) =>
  eventually(
    () =>
      people.register(email, { password }).catch((error) => {
        if (isDomainError(error, 'email-taken')) return 'taken';
        throw error;
      }),
    15_000,
  );

/** What runs behind the command side, once over everything. */
const tidyUp = async (people: People) => {
  const policy = userAftermath(people);
  const stop = new AbortController();
  const events: RecordedEvent[] = [];
  for await (const item of people.store.subscribe({ streams: policy.streams, signal: stop.signal })) {
    if (item.type === 'event') events.push(item.event);
    if (item.type === 'caught-up') stop.abort();
  }
  for (const event of events) await policy.on[event.type]?.(event);
  await sweepRegistrations(people, new Date(Date.now() + 1_000));
};

const stateOf = async (people: People, userId: string) =>
  (await readState(people.store, userDecider, userStream(userId))).now.state;

/** Nobody without a password, nobody holding an address that isn't theirs, nothing left of who is not there. */
const expectSound = async (people: People, email: string, userIds: readonly string[]) => {
  const addressKey = people.addressKeyOf(email);
  const { holder } = (await readState(people.store, emailDecider, emailStream(addressKey))).now.state;
  const owners: string[] = [];
  for (const userId of userIds) {
    const user = await stateOf(people, userId);
    const hash = await people.credentials.hashOf(userId);
    expect(hash !== undefined).toBe(user.status === 'active');
    if (user.status === 'active' && user.addressKey === addressKey) owners.push(userId);
  }
  expect(owners.length).toBeLessThanOrEqual(1);
  if (owners.length === 1) expect(holder?.userId).toBe(owners[0]);
  return owners;
};

const limits = new SignInLimits(
  { perAccount: 100, perAddress: 1_000, windowSeconds: 60 },
  { limiters: memoryLimiters, secret: randomBytes(32) },
);
const signIn = (people: People, email: string) =>
  checkSignIn({ ...people, limits }, { email, password, address: 'here' });

describe.each(Object.keys(steps))('%s', (scenario) => {
  it('does these writes in this order', async () => {
    const directory = temporaryDirectory();
    const done: string[] = [];
    let recording = false;
    const people = await openPeople(directory.path, randomBytes(32), (step, moment) => {
      if (recording && moment === 'after') done.push(step);
    });
    const ids = newIds();
    if (needsAccount(scenario)) await people.register(e1, { ...ids, password });
    recording = true;
    await scenarios[scenario]!(people, { ...ids, commandId: randomUUID() });
    expect(done).toEqual(steps[scenario]);
    await people.close();
    directory.remove();
  });

  const deaths = steps[scenario]!.flatMap((step, index) => [
    ...(index === 0 ? ([['before', step, 1]] as const) : []),
    ['after', step, index + 1] as const,
  ]);

  it.each(deaths)(
    'killed %s “%s”: two others go on, and so does whoever was cut off',
    async (moment, _step, count) => {
      const directory = temporaryDirectory();
      const key = randomBytes(32);
      const ids = newIds();
      if (needsAccount(scenario)) {
        const before = await openPeople(directory.path, key);
        await before.register(e1, { ...ids, commandId: randomUUID(), password });
        await before.close();
      }
      const child = startChild('killed-at-step', [
        directory.path,
        key.toString('hex'),
        scenario,
        JSON.stringify(ids),
        String(count),
        moment,
      ]);
      expect(await child.ended).toBe('SIGKILL');

      const people = await openPeople(directory.path, key);
      const contested = scenario === 'change' ? e2 : e1;
      if (scenario === 'setup') {
        const finish = () =>
          scenarios.setup!(people, ids).catch((error) => {
            if (!isDomainError(error, 'setup-done')) throw error;
          });
        await Promise.all([finish(), finish()]);
        expect(await isSetUp(people.store)).toBe(true);
        await expect(scenarios.setup!(people, ids)).rejects.toMatchObject({ code: 'setup-done' });
        const root = await signIn(people, e1);
        expect(await expectSound(people, e1, [root.userId])).toEqual([root.userId]);
      } else {
        const others = await Promise.all([insist(people, contested), insist(people, contested)]);
        const newcomers = others.filter((outcome) => outcome !== 'taken');
        expect(newcomers.length).toBeLessThanOrEqual(1);
        await tidyUp(people);
        const [owner, ...rest] = await expectSound(people, contested, [ids.userId, ...newcomers]);
        expect([owner, rest]).toEqual([expect.any(String), []]);
        expect((await signIn(people, contested)).userId).toBe(owner);
      }
      if (scenario === 'delete' && (moment === 'after' || count > 1)) {
        expect(await stateOf(people, ids.userId)).toEqual({ status: 'deleted' });
        expect(await people.personalData.createKey(ids.userId)).toBe(false);
      }
      if (scenario === 'change') expect((await stateOf(people, ids.userId)).status).toBe('active');
      await people.close();
      directory.remove();
    },
    30_000,
  );
});
