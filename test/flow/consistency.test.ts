import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { jest } from '@jest/globals';
import { SqliteViewStore } from '../../adapters/sqlite/sqlite-view-store.ts';
import { expectProblem } from '../support/expect-problem.ts';
import { type Answer, type Person, type RunningTidemark, startTidemark } from '../support/standalone.ts';

let tidemark: RunningTidemark;
beforeAll(async () => {
  tidemark = await startTidemark();
});
afterAll(() => tidemark.stop());

/** The embedded views are faster than any client: here they take their time with every batch. */
const slowViews = () => {
  const { apply } = SqliteViewStore.prototype;
  jest.spyOn(SqliteViewStore.prototype, 'apply').mockImplementation(async function (this: SqliteViewStore, ...batch) {
    await pause(20);
    return apply.apply(this, batch);
  });
};
afterEach(() => jest.restoreAllMocks());

const newMember = (): Promise<Person> => tidemark.member(`${randomUUID()}@example.com`);
const tokenOf = (answer: Answer) => answer.headers.get('consistency-token')!;
const change = (token: string, body: object, headers: Record<string, string> = {}) =>
  tidemark.request('PATCH', '/v1/me', { token, body, headers });
const readAt = (path: string, token: string, minimum: string) =>
  tidemark.request('GET', path, { token, headers: { 'consistency-token': minimum } });

describe('a Consistency-Token', () => {
  it('makes the next read see the write, always and everywhere, however slow the view is', async () => {
    slowViews();
    const admin = await tidemark.admin();
    const { id, email, token } = await newMember();
    const paths: readonly (readonly [string, (body: Answer['body']) => { name: string }, string])[] = [
      ['/v1/me', (body) => body, token],
      [`/v1/users/${id}`, (body) => body, admin.token],
      ['/v1/dashboard', (body) => body.user, token],
      [`/v1/users?email=${email}`, (body) => body.items[0], admin.token],
    ];
    for (let turn = 0; turn < 100; turn++) {
      const name = `Name ${turn}`;
      const changed = await change(token, { name });
      const minimum = tokenOf(changed);
      const [path, user, reader] = paths[turn % paths.length]!;
      const read = await readAt(path, reader, minimum);
      expect({ turn, path, status: read.status, user: user(read.body) }).toMatchObject({ status: 200, user: { name } });
      const [, ofWrite] = minimum.split('.');
      expect(BigInt(tokenOf(read).split('.')[1]!)).toBeGreaterThanOrEqual(BigInt(ofWrite!));
    }
  });

  it('makes a deletion and a registration seen, too', async () => {
    slowViews();
    const admin = await tidemark.signIn('root@example.com');
    const { id } = await newMember();
    const deleted = await tidemark.request('DELETE', `/v1/users/${id}`, { token: admin.token });
    expectProblem(await readAt(`/v1/users/${id}`, admin.token, tokenOf(deleted)), 'user-not-found');
    for (let turn = 0; turn < 5; turn++) {
      const body = { email: `${randomUUID()}@example.com`, password: 'a password for the tests', name: 'New' };
      const created = await tidemark.request('POST', '/v1/users', { body });
      const read = await readAt(created.headers.get('location')!, admin.token, tokenOf(created));
      expect(read).toMatchObject({ status: 200, body: created.body });
    }
  });

  it('comes also where nothing had to be written', async () => {
    const { token } = await newMember();
    const first = await change(token, { name: 'Once' });
    const second = await change(token, { name: 'Once' });
    expect(tokenOf(second)).toBe(tokenOf(first));
    expect((await readAt('/v1/me', token, tokenOf(second))).status).toBe(200);
  });

  it.each(['/v1/me', '/v1/dashboard', '/v1/prices', '/v1/prices/BTCUSDT', '/v1/prices/BTCUSDT/candles'])(
    'of another store is refused by %s, and one of the future after a second',
    async (path) => {
      const { token } = await newMember();
      const minimum = tokenOf(await change(token, { name: 'Here' }));
      const [store, position] = minimum.split('.') as [string, string];
      expectProblem(await readAt(path, token, `${randomUUID()}.${position}`), 'store-replaced');
      const startedAt = performance.now();
      const answer = await readAt(path, token, `${store}.${BigInt(position) + 1_000_000n}`);
      const waitedMs = performance.now() - startedAt;
      expectProblem(answer, 'view-behind');
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(waitedMs).toBeGreaterThan(900);
      expect(waitedMs).toBeLessThan(2_500);
    },
  );

  it('is not looked at by commands', async () => {
    const { token } = await newMember();
    expect((await change(token, { name: 'Bo' }, { 'consistency-token': `${randomUUID()}.1` })).status).toBe(200);
  });

  it('waits without holding others up', async () => {
    const { token } = await newMember();
    const minimum = tokenOf(await change(token, { name: 'Here' }));
    const future = `${minimum.split('.')[0]}.${'9'.repeat(19)}`;
    const waiting = Array.from({ length: 20 }, () => readAt('/v1/me', token, future));
    expect((await readAt('/v1/me', token, minimum)).status).toBe(200);
    for (const answer of await Promise.all(waiting)) expectProblem(answer, 'view-behind');
  });
});

describe('If-Match', () => {
  it('lets a change through that was based on what is there', async () => {
    const { token } = await newMember();
    const changed = await change(token, { name: 'One' }, { 'if-match': '"0"' });
    expect(changed.headers.get('etag')).toBe('"1"');
    expect((await change(token, { name: 'Two' }, { 'if-match': '*' })).headers.get('etag')).toBe('"2"');
    const read = await readAt('/v1/me', token, tokenOf(changed));
    const etag = (await readAt('/v1/me', token, tokenOf(await change(token, {})))).headers.get('etag')!;
    expect([read.status, etag]).toEqual([200, '"2"']);
    expect((await change(token, { name: 'Three' }, { 'if-match': etag })).status).toBe(200);
  });

  it.each(['"0"', '"7"', '"1", "2"', 'W/"1"', '""', '"rubbish"'])('%s stops a change of revision 1', async (tag) => {
    const { token, email } = await newMember();
    await change(token, { name: 'One' });
    for (const body of [{ name: 'Two' }, { email: `new-${email}` }, { email, name: 'Two' }, {}]) {
      expectProblem(await change(token, body, { 'if-match': tag }), 'revision-conflict');
    }
    expectProblem(
      await tidemark.request('DELETE', '/v1/me', { token, headers: { 'if-match': tag } }),
      'revision-conflict',
    );
    expect(await change(token, {})).toMatchObject({ status: 200, body: { name: 'One', email } });
    // The address that was wished for is free again.
    await tidemark.member(`new-${email}`);
  });

  it('lets exactly one of many through', async () => {
    const { token } = await newMember();
    const names = Array.from({ length: 20 }, (_, index) => `Name ${index}`);
    const answers = await Promise.all(names.map((name) => change(token, { name }, { 'if-match': '"0"' })));
    const won = answers.filter(({ status }) => status === 200);
    expect(won).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 200)) expectProblem(answer, 'revision-conflict');
    const now = await change(token, {});
    expect(now.body).toEqual(won[0]!.body);
    expect(now.headers.get('etag')).toBe('"1"');
  });
});

describe('a merge patch', () => {
  it('of nothing changes nothing and answers what is there', async () => {
    const { token, email } = await newMember();
    const before = await change(token, { name: 'One' });
    for (const body of [{}, { name: 'One' }, { email }, { name: 'One', email }]) {
      const answer = await change(token, body);
      expect(answer).toMatchObject({ status: 200, body: before.body });
      expect(answer.headers.get('etag')).toBe('"1"');
    }
  });

  it('leaves what it does not name', async () => {
    const { token, email } = await newMember();
    expect((await change(token, { name: 'One' })).body).toMatchObject({ name: 'One', email });
    expect((await change(token, { email: `new-${email}` })).body).toMatchObject({ name: 'One', email: `new-${email}` });
    const both = await change(token, { name: 'Two', email });
    expect(both.body).toMatchObject({ name: 'Two', email });
  });

  it('can remove neither field', async () => {
    const { token } = await newMember();
    expectProblem(await change(token, { name: null }), 'validation-failed', ['/name']);
    expectProblem(await change(token, { email: null, name: null }), 'validation-failed', ['/email', '/name']);
    expect((await change(token, {})).headers.get('etag')).toBe('"0"');
  });

  it('may say what it is', async () => {
    const { token } = await newMember();
    const headers = { 'content-type': 'application/merge-patch+json' };
    expect(await change(token, { name: 'Merged' }, headers)).toMatchObject({ status: 200, body: { name: 'Merged' } });
  });

  it('is counted once each, when 50 come at once without If-Match', async () => {
    const { token } = await newMember();
    const names = Array.from({ length: 50 }, (_, index) => `Name ${index}`);
    const answers = await Promise.all(names.map((name) => change(token, { name })));
    const done = answers.filter(({ status }) => status === 200);
    for (const answer of answers.filter(({ status }) => status !== 200)) {
      expectProblem(answer, 'busy');
      expect(answer.headers.get('retry-after')).toBe('1');
    }
    const revisions = done.map(({ headers }) => Number(headers.get('etag')!.slice(1, -1))).sort((a, b) => a - b);
    expect(revisions).toEqual(done.map((_, index) => index + 1));
    const now = await change(token, {});
    expect(now.headers.get('etag')).toBe(`"${done.length}"`);
    const last = done.find(({ headers }) => headers.get('etag') === now.headers.get('etag'))!;
    expect(now.body).toEqual(last.body);
    expect(done.length).toBeGreaterThanOrEqual(10);
  });
});
