import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';
import { noticeClient } from '../../support/notice-client.ts';
import { type Person, password, peopleOn } from '../../support/standalone.ts';
import { audit } from './audit.ts';
import { deadlineMs, marginMs, type RunningInstallation, startInstallation } from './installation.ts';
import { judgeNotices } from './judge-notices.ts';
import { type Load, startLoad } from './load.ts';
import { observe } from './observer.ts';
import { reachedThrough } from './reached-through.ts';
import { acknowledgedUpTo, heardUpTo, untilWell } from './recovery.ts';
import { requestsTo } from './requests.ts';
import type { Result } from './result.ts';
import type { Field, Scenario } from './scenarios.ts';

export type Lengths = Pick<Field, 'seconds' | 'pauseSeconds'>;

const peopleCount = 4;
const calmMs = 5_000;
/** For a socket that was away a thousand notices are the most that can be told one by one. */
const mostCommands = 700;

/** An installation of its own under load, the fault, and all that was seen. `keepLogs` gets them in the end, come what may. */
export const runScenario = async (
  scenario: Scenario,
  lengths: Lengths,
  keepLogs: (logs: ReturnType<RunningInstallation['logs']>) => void,
): Promise<Result> => {
  const through = scenario.through && (await reachedThrough(scenario.through));
  try {
    const tidemark = await startInstallation(through?.environment ?? {});
    try {
      return await underLoad(scenario, { ...lengths, tidemark, network: through?.network });
    } finally {
      await tidemark.halt();
      keepLogs(tidemark.logs());
    }
  } finally {
    await through?.network.close();
  }
};

const underLoad = async (scenario: Scenario, field: Field): Promise<Result> => {
  const { tidemark } = field;
  const people = peopleOn(tidemark);
  const admin = await people.admin();
  const members: Person[] = [];
  for (let count = 0; count < peopleCount; count++) members.push(await people.member(`member${count}@example.com`));
  const { ask, asked } = requestsTo(tidemark.url, deadlineMs + marginMs);

  const read = await people.request('GET', '/v1/me', { token: admin.token });
  const cursor = read.headers.get('consistency-token')!;
  const listeners = [admin, members[0]!].map((person) => ({
    person,
    client: noticeClient(tidemark.url, () => person.token, cursor),
  }));
  const load = startLoad({ ask, people: members, paceMs: (peopleCount * field.seconds * 1_000) / mostCommands });
  const observer = observe(tidemark.processes);
  try {
    await eventually(() => listeners.every(({ client }) => client.connected()));
    const before = await phase(() => pause(calmMs));
    const during = await phase(() => scenario.harm(field));
    const recovery = await untilWell({
      ...{ asked, load },
      processes: tidemark.processes,
      admin: listeners[0]!.client,
    });
    const after = await phase(() => pause(calmMs));

    await load.stop();
    await eventually(() => listeners.every(({ client }) => heardUpTo(client) >= 0n));
    await eventually(() => heardUpTo(listeners[0]!.client) >= acknowledgedUpTo(load), 30_000).catch(() => undefined);
    const unkept = await asClientsSee(people, members, load);
    await observer.stop();
    const ended = tidemark.ended();
    // So that nobody writes while it is looked at. What they did last is then still told.
    await tidemark.stop('ingest');
    await tidemark.stop('command-api');
    const audited = await audit(tidemark.installation, load.acknowledged);
    const start = BigInt(cursor.split('.')[1]!);
    const toBeTold = (person: Person) =>
      audited.notices.filter(
        ({ position, subject }) => BigInt(position) > start && (person === admin || subject === person.id),
      );
    const judge = () =>
      listeners.map(({ person, client: { heard, resyncs } }) => ({
        who: person === admin ? 'admin' : 'member',
        ...judgeNotices(heard, toBeTold(person)),
        resyncs,
      }));
    await eventually(() => judge().every(({ lost }) => lost === 0)).catch(() => undefined);
    await pause(1_000);
    return {
      ...{ scenario, before, during, after, asked, recovery, audited, unkept, ended },
      acknowledged: load.acknowledged.length,
      listened: judge(),
      stale: load.stale,
      seen: observer.seen,
      stuck: tidemark.stuck(),
    };
  } finally {
    await load.stop();
    await observer.stop();
    for (const { client } of listeners) client.close();
  }
};

const phase = async (work: () => Promise<unknown>) => {
  const from = performance.now();
  await work();
  return { from, to: performance.now() };
};

/** What was acknowledged, asked for by its owners: who registered can sign in, and the last change is what is read. */
const asClientsSee = async (
  { request: ask }: Pick<ReturnType<typeof peopleOn>, 'request'>,
  members: readonly Person[],
  { acknowledged, registered }: Load,
): Promise<readonly string[]> => {
  const wrong: string[] = [];
  const request: typeof ask = (...what) =>
    ask(...what).catch((error) => ({
      status: 0,
      headers: new Headers(),
      body: { code: String(error.cause ?? error) },
    }));
  for (const { email, userId } of registered) {
    const { status, body } = await request('POST', '/v1/sessions', { body: { email, password } });
    if (status !== 201 || body.user.id !== userId) wrong.push(`${email} can’t sign in: ${status} ${body.code ?? ''}`);
  }
  for (const { id, token } of members) {
    const last = acknowledged.findLast(({ userId }) => userId === id);
    const { status, body } = await request('GET', '/v1/me', { token });
    if (last && body.name !== last.name && !newer(body.name, last.name)) {
      wrong.push(`${last.name} reads as ${status} ${body.name ?? body.code}`);
    }
  }
  return wrong;
};

/** What was on its way when the load stopped may have been done too. */
const newer = (name: string | undefined, than: string) => Number(name?.split(' ')[1]) > Number(than.split(' ')[1]);
