import { randomUUID } from 'node:crypto';
import type { Vault } from '../../contracts/ports/vault.ts';
import { eventually } from '../support/eventually.ts';
import { expectProblem } from '../support/expect-problem.ts';
import { password, type RunningTidemark, startTidemark } from '../support/standalone.ts';

let tidemark: RunningTidemark;
let opened: Awaited<ReturnType<RunningTidemark['openVault']>>;
let vault: Vault;
beforeAll(async () => {
  tidemark = await startTidemark({ environment: { PASSWORD_QUEUE: '3' } });
  opened = await tidemark.openVault();
  vault = opened.vault;
});
afterAll(async () => {
  await opened.close();
  await tidemark.stop();
});

const soon = () => new Date(Date.now() + 60_000);
const person = (name = 'Ann') => ({ email: `${randomUUID()}@example.com`, password, name });
const register = (body: object, key: string, token?: string) =>
  tidemark.request('POST', '/v1/users', { body, token, headers: { 'idempotency-key': key } });
const kept = () => vault.list('idempotency', soon(), 100);

it('answers a repeat as the first time, to the byte', async () => {
  const key = randomUUID();
  const body = person();
  const first = await register(body, key);
  expect(first.status).toBe(201);
  const { id } = first.body;
  // What has happened since does not show in it.
  const { token } = await tidemark.signIn(body.email);
  await tidemark.request('PATCH', '/v1/me', { token, body: { name: 'Other' } });
  for (let repeat = 0; repeat < 3; repeat++) {
    const again = await register({ name: body.name, password, email: body.email }, key);
    expect(again).toMatchObject({ status: 201, body: first.body });
    for (const name of ['location', 'etag', 'consistency-token', 'content-type', 'content-length', 'cache-control']) {
      expect([name, again.headers.get(name)]).toEqual([name, first.headers.get(name)]);
    }
  }
  expect(first.headers.get('location')).toBe(`/v1/users/${id}`);
  expectProblem(await register({ ...body, name: 'Bo' }, key), 'idempotency-key-reused');
  expectProblem(await register({ ...body, password: `${password}!` }, key), 'idempotency-key-reused');
  expectProblem(await register(body, randomUUID()), 'email-taken');
});

it('makes one user of many requests at once', async () => {
  const key = randomUUID();
  const body = person();
  const answers = await Promise.all(Array.from({ length: 10 }, () => register(body, key)));
  const made = answers.filter(({ status }) => status === 201);
  expect(made.length).toBeGreaterThan(0);
  expect(new Set(made.map((answer) => answer.body.id)).size).toBe(1);
  for (const answer of answers.filter(({ status }) => status !== 201)) {
    expectProblem(answer, 'idempotency-key-in-use');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  }
  expect(await register(body, key)).toMatchObject({ status: 201, body: made[0]!.body });
});

it('keeps a refusal', async () => {
  const holder = await tidemark.member(`${randomUUID()}@example.com`);
  const key = randomUUID();
  const body = { ...person(), email: holder.email };
  expectProblem(await register(body, key), 'email-taken');
  expect((await tidemark.request('DELETE', '/v1/me', { token: holder.token })).status).toBe(204);
  expectProblem(await register(body, key), 'email-taken');
  await eventually(async () => (await register(body, randomUUID())).status === 201);
});

it('does not keep that there was too much to do', async () => {
  const requests = Array.from({ length: 12 }, () => ({ body: person(), key: randomUUID() }));
  const answers = await Promise.all(requests.map(({ body, key }) => register(body, key)));
  const busy = requests.filter((_, index) => answers[index]!.status === 503);
  expect(busy.length).toBeGreaterThan(0);
  for (const answer of answers.filter(({ status }) => status !== 201)) {
    expectProblem(answer, 'busy');
    expect(answer.headers.get('retry-after')).toBe('2');
  }
  for (const { body, key } of busy) expect((await register(body, key)).status).toBe(201);
});

it('belongs to the caller', async () => {
  const admin = await tidemark.admin();
  const key = randomUUID();
  const [one, other] = [person(), person()];
  const asVisitor = await register(one, key);
  const asAdmin = await register(other, key, admin.token);
  expect([asVisitor.status, asAdmin.status]).toEqual([201, 201]);
  expect(asAdmin.body.id).not.toBe(asVisitor.body.id);
  const { token } = await tidemark.signIn(one.email);
  expectProblem(await register(person(), key, token), 'forbidden');
});

it('forgets the answer with the person', async () => {
  const key = randomUUID();
  const body = person();
  const first = await register(body, key);
  const { token } = await tidemark.signIn(body.email);
  const answersOf = async (id: string) =>
    (await kept()).filter(({ value }) => JSON.stringify(value).includes(id)).length;
  expect(await answersOf(first.body.id)).toBe(1);
  expect((await tidemark.request('DELETE', '/v1/me', { token })).status).toBe(204);
  expect(await answersOf(first.body.id)).toBe(0);
  const again = await eventually(async () => {
    const answer = await register(body, key);
    return answer.status === 201 ? answer : undefined;
  });
  expect(again.body.id).not.toBe(first.body.id);
});

it('runs again, to the same end, what a process left half done', async () => {
  const key = randomUUID();
  const body = person();
  const before = new Set((await kept()).map(({ id }) => id));
  const first = await register(body, key);
  const record = (await kept()).find(({ id }) => !before.has(id))!;
  const { answer: _, ...begun } = record.value as { answer: unknown; startedAtMs: number };
  const put = async (leaseUntilMs: number) => {
    const { version } = (await vault.get('idempotency', record.id))!;
    const value = { ...begun, leaseUntilMs };
    expect(await vault.replace('idempotency', record.id, version, value, { expiresAt: soon() })).toBe(true);
  };
  await put(Date.now() + 20_000);
  const early = await register(body, key);
  expectProblem(early, 'idempotency-key-in-use');
  expect(Number(early.headers.get('retry-after'))).toBeGreaterThan(15);
  await put(Date.now() - 1);
  const again = await register(body, key);
  expect(again).toMatchObject({ status: 201, body: first.body });
  expect(again.headers.get('etag')).toBe(first.headers.get('etag'));
});
