import { randomBytes } from 'node:crypto';
import { jest } from '@jest/globals';
import { MemoryVault } from '../adapters/memory/memory-vault.ts';
import type { Vault } from '../contracts/ports/vault.ts';
import { type DerivedIds, IdempotentRequests, type KeptAnswer, type KeyedRequest } from './idempotency.ts';

const request: KeyedRequest = { caller: 'anyone', operation: 'createUser', key: 'k', body: { name: 'Ann' } };
const answer = (status: number): KeptAnswer => ({ status, headers: { x: 'y' }, body: '{}' });

/** Executes with one answer after the other, and keeps the ids that it was given. */
const executing = (...answers: readonly KeptAnswer[]) => {
  const ids: DerivedIds[] = [];
  const execute = async (given: DerivedIds) => {
    ids.push(given);
    return answers[ids.length - 1]!;
  };
  return { ids, execute };
};
const requestsOver = (vault: Vault = new MemoryVault()) => new IdempotentRequests(vault, randomBytes(32));
afterEach(() => jest.restoreAllMocks());

it.each([201, 204, 400, 403, 404, 409, 412])('keeps an answer of %d', async (status) => {
  const requests = requestsOver();
  const { ids, execute } = executing(answer(status));
  const first = await requests.run(request, execute);
  expect(await requests.run(request, execute)).toEqual(first);
  expect(ids).toHaveLength(1);
});

it.each([429, 500, 503])('does not keep an answer of %d, and makes the same ids again', async (status) => {
  const requests = requestsOver();
  const { ids, execute } = executing(answer(status), answer(201));
  expect(await requests.run(request, execute)).toMatchObject({ status });
  expect(await requests.run(request, execute)).toMatchObject({ status: 201 });
  expect(await requests.run(request, execute)).toMatchObject({ status: 201 });
  expect(ids).toEqual([ids[0], ids[0]]);
});

it('makes other ids for another caller, operation or key, and for another installation', async () => {
  const requests = requestsOver();
  const { ids, execute } = executing(...Array.from({ length: 5 }, () => answer(201)));
  await requests.run(request, execute);
  await requests.run({ ...request, caller: 'somebody' }, execute);
  await requests.run({ ...request, operation: 'other' }, execute);
  await requests.run({ ...request, key: 'other' }, execute);
  await requestsOver().run(request, execute);
  expect(new Set(ids.flatMap(({ commandId, newId }) => [commandId, newId])).size).toBe(10);
});

it('refuses another body, also while the first still runs and after it has failed', async () => {
  const requests = requestsOver();
  const other = { ...request, body: { name: 'Bo' } };
  let finish = (_: KeptAnswer) => {};
  const running = requests.run(request, () => new Promise((resolve) => (finish = resolve)));
  const refused = expect.objectContaining({ code: 'idempotency-key-reused' });
  await expect(requests.run(other, async () => answer(201))).rejects.toEqual(refused);
  finish(answer(503));
  await running;
  await expect(requests.run(other, async () => answer(201))).rejects.toEqual(refused);
});

it('lets one of many run, and tells the others when to come again', async () => {
  const requests = requestsOver();
  const { ids, execute } = executing(answer(201));
  const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => requests.run(request, execute)));
  expect(ids).toHaveLength(1);
  const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  for (const error of refused) expect(error).toMatchObject({ code: 'idempotency-key-in-use', retryAfterSeconds: 30 });
  expect(refused.length).toBeGreaterThan(0);
});

it('runs a request again, with the same ids, once its lease is over; the late first one changes nothing', async () => {
  const vault = new MemoryVault();
  const secret = randomBytes(32);
  const [dead, alive] = [new IdempotentRequests(vault, secret), new IdempotentRequests(vault, secret)];
  const ids: DerivedIds[] = [];
  let finish = (_: KeptAnswer) => {};
  const hanging = dead.run(request, (given) => {
    ids.push(given);
    return new Promise((resolve) => (finish = resolve));
  });
  const execute = async (given: DerivedIds) => {
    ids.push(given);
    return answer(201);
  };
  await expect(alive.run(request, execute)).rejects.toMatchObject({ code: 'idempotency-key-in-use' });

  const now = Date.now();
  jest.spyOn(Date, 'now').mockImplementation(() => now + 30_001);
  expect(await alive.run(request, execute)).toMatchObject({ status: 201 });
  expect(ids).toEqual([ids[0], ids[0]]);
  finish(answer(409));
  await hanging;
  expect(await alive.run(request, execute)).toMatchObject({ status: 201 });
});

it('forgets after a day, and with the person whose data the answer holds', async () => {
  const vault = new MemoryVault();
  const requests = requestsOver(vault);
  const { ids, execute } = executing({ ...answer(201), subject: 'ann' }, answer(201), answer(409), answer(201));
  await requests.run(request, execute);
  await vault.removeSubject('ann');
  await requests.run(request, execute);
  expect(ids).toHaveLength(2);

  const now = Date.now();
  const dayMs = 24 * 3_600_000;
  jest.spyOn(Date, 'now').mockImplementation(() => now + dayMs - 60_000);
  expect(await requests.run(request, execute)).toMatchObject({ status: 201 });
  jest.spyOn(Date, 'now').mockImplementation(() => now + dayMs + 60_000);
  expect(await requests.run(request, execute)).toMatchObject({ status: 409 });
});
