import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { notices } from '../../projector/notices/notice.projection.ts';
import { candles } from '../../projector/prices/candle.projection.ts';
import { latestPrices } from '../../projector/prices/latest-price.projection.ts';
import { userProfiles } from '../../projector/users/user-profile.projection.ts';
import { differingKeys } from '../support/compare-views.ts';
import { type Distributed, startDistributed } from '../support/distributed.ts';
import { openStores } from '../support/distributed-stores.ts';
import { eventually } from '../support/eventually.ts';
import { type NoticeClient, noticeClient, outOfOrder } from '../support/notice-client.ts';
import { type Person, peopleOn } from '../support/standalone.ts';

/** A lease lasts six seconds; a machine under load may be a little late. */
const takeoverMs = 15_000;

let tidemark: Distributed;
let people: ReturnType<typeof peopleOn>;
let admin: Person;
let listener: NoticeClient;
beforeAll(async () => {
  tidemark = await startDistributed({}, { projector: 2, 'command-api': 2 });
  people = peopleOn(tidemark);
  admin = await people.admin();
  listener = noticeClient(tidemark.url, () => admin.token);
  await eventually(listener.connected);
});
afterAll(async () => {
  listener?.close();
  await tidemark?.halt();
});

const seen: string[] = [];
/** Changes a name, waits until it can be read, and gives how long that took. */
const changeAndRead = async (member: Person, name: string): Promise<number> => {
  const startedAt = Date.now();
  const changed = await people.request('PATCH', '/v1/me', { token: member.token, body: { name } });
  expect(changed.status).toBe(200);
  const token = changed.headers.get('consistency-token')!;
  seen.push(token.split('.')[1]!);
  await eventually(async () => {
    const headers = { 'consistency-token': token };
    const { status, body } = await people.request('GET', '/v1/me', { token: member.token, headers });
    if (status !== 200) expect(body).toMatchObject({ code: 'view-behind' });
    return status === 200 && body.name === name;
  }, takeoverMs);
  return Date.now() - startedAt;
};
const readiness = async ({ url }: { url: string }) => (await fetch(`${url}/readyz`)).json();
/** The projector that does the work, and the other one. */
const roles = async () => {
  const [one, two] = tidemark.of('projector').slice(-2);
  const standby = async (projector: { url: string }) => JSON.stringify(await readiness(projector)).includes('standby');
  const idle = await eventually(async () => {
    const both = [await standby(one!), await standby(two!)];
    return both[0] !== both[1] && (both[0] ? one! : two!);
  });
  return { idle, active: idle === one ? two! : one! };
};
const expectNothingUndone = async () => {
  const stores = await openStores(tidemark.installation);
  for (const projection of [userProfiles, notices, latestPrices, candles]) {
    expect([projection.name, await differingKeys(stores.events, stores.views, projection as never)]).toEqual([
      projection.name,
      [],
    ]);
  }
  await stores.close();
  await eventually(() => seen.every((position) => listener.heard.some((notice) => notice.position === position)));
  expect(outOfOrder(listener.heard)).toEqual([]);
};

it('keeps the second projector idle, and lets it go on within seconds when the first is killed', async () => {
  const member = await people.member(`${randomUUID()}@example.com`);
  await changeAndRead(member, 'Before');
  const { active, idle } = await roles();
  await active.stop('SIGKILL');
  expect(await changeAndRead(member, 'After')).toBeLessThan(takeoverMs);
  expect(JSON.stringify(await readiness(idle))).not.toContain('standby');
  await tidemark.start('projector');
  await expectNothingUndone();
});

it('lets the other go on when one is paused, which undoes nothing when it wakes', async () => {
  const members = await Promise.all(Array.from({ length: 4 }, () => people.member(`${randomUUID()}@example.com`)));
  const { active, idle } = await roles();
  // It is paused with work in its hands.
  const busy = Promise.all(members.map((member) => changeAndRead(member, 'While it is paused')));
  await pause(5);
  active.signal('SIGSTOP');
  await busy;
  for (const member of members) await changeAndRead(member, 'By the other');
  active.signal('SIGCONT');
  for (const member of members) await changeAndRead(member, 'After it woke');
  await eventually(async () => JSON.stringify(await readiness(active)).includes('standby'));
  expect(JSON.stringify(await readiness(idle))).not.toContain('standby');
  await expectNothingUndone();
});

it('does what follows a deletion when the command-api that did it is paused, and does it once', async () => {
  const [one, two] = tidemark.of('command-api');
  const email = `${randomUUID()}@example.com`;
  const member = await people.member(email);
  one!.signal('SIGSTOP');
  try {
    const asked = await fetch(`${two!.url}/v1/me`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${member.token}` },
    });
    expect(asked.status).toBe(204);
    // The address is released by a policy, whose lease the paused one may hold.
    await eventually(async () => {
      const again = await fetch(`${two!.url}/v1/users`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email, password: 'a password for the tests', name: 'Again' }),
      });
      return again.status === 201;
    }, takeoverMs);
  } finally {
    one!.signal('SIGCONT');
  }
  const { status } = await eventually(async () => {
    const answer = await fetch(`${one!.url}/v1/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password: 'a password for the tests' }),
    });
    return answer.status === 201 && answer;
  });
  expect(status).toBe(201);
  await expectNothingUndone();
});
