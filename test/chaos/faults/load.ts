import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { type Answer, type Person, password } from '../../support/standalone.ts';
import type { Ask } from './requests.ts';

/** A command that was answered as done: the event that must be there for ever. */
export interface Acknowledged {
  readonly userId: string;
  readonly revision: number;
  readonly name: string;
  readonly position: bigint;
}

export interface LoadOptions {
  readonly ask: Ask;
  /** Each changes their own name and reads it back. */
  readonly people: readonly Person[];
  /** Between two commands of one person. Milliseconds. */
  readonly paceMs: number;
}

export interface Load {
  readonly acknowledged: readonly Acknowledged[];
  /** Registered under load. */
  readonly registered: readonly { readonly userId: string; readonly email: string }[];
  /** Reads that did not show the write whose Consistency-Token they sent. */
  readonly stale: readonly string[];
  /** The latest price's time that was answered. Unix milliseconds. */
  readonly pricedAt: () => number;
  /** Begins nothing new, and waits for what is under way. */
  stop(): Promise<void>;
}

const readPaceMs = 100;
const registrationPaceMs = 2_000;
const longestWaitMs = 5_000;

const revisionIn = ({ headers }: Answer) => Number(headers.get('etag')?.slice(1, -1));

/** Commands and reads as decent clients send them, all the time: nobody gives up, nobody comes back before told to. */
export const startLoad = ({ ask, people, paceMs }: LoadOptions): Load => {
  const stopping = new AbortController();
  const { signal } = stopping;
  // Each of them sleeps by it.
  setMaxListeners(0, signal);
  const sleep = (ms: number) => pause(ms, undefined, { signal }).catch(() => undefined);
  const acknowledged: Acknowledged[] = [];
  const registered: { userId: string; email: string }[] = [];
  const stale: string[] = [];
  const last = new Map<string, { readonly token: string; readonly revision: number }>();
  let pricedAt = 0;

  /** As long as the answer says, or a moment where it says nothing. */
  const waitFor = (answer: Answer | undefined) =>
    sleep(Math.min(Number(answer?.headers.get('retry-after') ?? 0.2) * 1_000, longestWaitMs));
  const acknowledge = (userId: string, name: string, answer: Answer) => {
    const token = answer.headers.get('consistency-token')!;
    acknowledged.push({ userId, revision: revisionIn(answer), name, position: BigInt(token.split('.')[1]!) });
    last.set(userId, { token, revision: revisionIn(answer) });
  };

  /** The revision after it; undefined when the load stopped before it was known to be done. */
  const change = async ({ id, token }: Person, name: string, revision: number): Promise<number | undefined> => {
    for (let expected = revision; !signal.aborted; ) {
      const options = { token, body: { name }, headers: { 'if-match': `"${expected}"` } };
      const answer = await ask('command', 'PATCH', '/v1/me', options);
      if (answer?.status === 200) {
        acknowledge(id, name, answer);
        return revisionIn(answer);
      }
      if (answer?.status !== 412) {
        await waitFor(answer);
        continue;
      }
      // An earlier try may have been carried out without our hearing of it: look, and go on from there.
      const seen = await ask('read', 'GET', '/v1/me', { token });
      if (seen?.status === 200) expected = revisionIn(seen);
      if (seen?.status === 200 && seen.body.name === name) return expected;
      await sleep(readPaceMs);
    }
    return undefined;
  };
  const changeNames = async (person: Person) => {
    let revision: number | undefined = 0;
    for (let count = 0; revision !== undefined; count++) {
      revision = await change(person, `Change ${count}`, revision);
      await sleep(paceMs);
    }
  };

  const register = async (email: string) => {
    const headers = { 'idempotency-key': randomUUID() };
    const body = { email, password, name: 'Newcomer' };
    while (!signal.aborted) {
      const answer = await ask('registration', 'POST', '/v1/users', { body, headers });
      if (answer?.status === 201) {
        registered.push({ userId: answer.body.id, email });
        return acknowledge(answer.body.id, body.name, answer);
      }
      await waitFor(answer);
    }
  };
  const registerPeople = async () => {
    for (let count = 0; !signal.aborted; count++) {
      await register(`newcomer${count}@example.com`);
      await sleep(registrationPaceMs);
    }
  };

  const readMe = async ({ id, token }: Person) => {
    while (!signal.aborted) {
      const seen = last.get(id);
      const headers = seen && { 'consistency-token': seen.token };
      const answer = await ask('read', 'GET', '/v1/me', { token, ...(headers && { headers }) });
      if (answer?.status === 200 && seen && revisionIn(answer) < seen.revision)
        stale.push(`revision ${revisionIn(answer)} after ${seen.revision}`);
      await (answer?.status === 200 ? sleep(readPaceMs) : waitFor(answer));
    }
  };
  const readPrice = async ({ token }: Person) => {
    while (!signal.aborted) {
      const answer = await ask('price', 'GET', '/v1/prices/BTCUSDT', { token });
      if (answer?.status === 200) pricedAt = Math.max(pricedAt, Date.parse(answer.body.asOf));
      await (answer?.status === 200 ? sleep(readPaceMs) : waitFor(answer));
    }
  };

  const running = Promise.all([
    ...people.flatMap((person) => [changeNames(person), readMe(person)]),
    ...people.slice(0, 2).map(readPrice),
    registerPeople(),
  ]);
  return {
    acknowledged,
    registered,
    stale,
    pricedAt: () => pricedAt,
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
};
