import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { expectProblem } from '../support/expect-problem.ts';
import { type Person, password, type RunningTidemark, startTidemark } from '../support/standalone.ts';

let tidemark: RunningTidemark;
beforeAll(async () => {
  tidemark = await startTidemark({
    environment: {
      SIGN_IN_FAILURES_PER_ACCOUNT: '3',
      SIGN_IN_FAILURES_PER_ADDRESS: '6',
      SIGN_IN_WINDOW_SECONDS: '120',
      PASSWORD_QUEUE: '4',
      // So that each test can come from addresses of its own.
      TRUSTED_PROXIES: '1',
    },
  });
});
afterAll(() => tidemark.stop());
afterEach(() => jest.restoreAllMocks());

const newMember = (): Promise<Person> => tidemark.member(`${randomUUID()}@example.com`);
const refresh = (refreshToken: string) => tidemark.request('POST', '/v1/sessions/refresh', { body: { refreshToken } });
const read = (token: string) => tidemark.request('GET', '/v1/prices', { token });
/** The clock of this process, moved on. */
const passSeconds = (seconds: number) => {
  const now = Date.now.bind(Date);
  jest.spyOn(Date, 'now').mockImplementation(() => now() + seconds * 1_000);
};
let addresses = 0;
const newAddress = () => `198.51.100.${++addresses}`;
const signIn = (email: string, given: string, address = newAddress()) =>
  tidemark.request('POST', '/v1/sessions', {
    body: { email, password: given },
    headers: { 'x-forwarded-for': address },
  });

describe('a refresh token', () => {
  it('gives new tokens, each of which works', async () => {
    let { refreshToken, ...person } = await newMember();
    const seen = new Set([refreshToken]);
    for (let turn = 0; turn < 3; turn++) {
      const { status, body } = await refresh(refreshToken);
      expect(status).toBe(200);
      expect((await read(body.accessToken)).status).toBe(200);
      seen.add(body.refreshToken);
      ({ refreshToken } = body);
    }
    expect(seen.size).toBe(4);
    expect((await read(person.token)).status).toBe(200);
  });

  it('serves two tabs at once, and both go on', async () => {
    const { refreshToken } = await newMember();
    const answers = await Promise.all([refresh(refreshToken), refresh(refreshToken)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    passSeconds(11);
    const next = await Promise.all(answers.map(({ body }) => refresh(body.refreshToken)));
    expect(next.map(({ status }) => status)).toEqual([200, 200]);
  });

  it('serves a tab that is late, within the grace', async () => {
    const { refreshToken } = await newMember();
    await refresh(refreshToken);
    passSeconds(9);
    expect((await refresh(refreshToken)).status).toBe(200);
  });

  it('that comes again later ends the whole family, and no other', async () => {
    const { email, token, refreshToken } = await newMember();
    const other = await tidemark.signIn(email);
    const second = (await refresh(refreshToken)).body;
    expect((await read(token)).status).toBe(200);
    expect((await read(second.accessToken)).status).toBe(200);
    passSeconds(11);
    expectProblem(await refresh(refreshToken), 'bad-refresh-token');
    expectProblem(await refresh(second.refreshToken), 'bad-refresh-token');
    for (const gone of [token, second.accessToken]) expectProblem(await read(gone), 'not-authenticated');
    expect((await read(other.token)).status).toBe(200);
    expect((await refresh(other.refreshToken)).status).toBe(200);
  });

  it('ends after 30 days, and access after ten minutes', async () => {
    const { token, refreshToken } = await newMember();
    expect((await read(token)).status).toBe(200);
    passSeconds(599 - 5);
    expect((await read(token)).status).toBe(200);
    jest.restoreAllMocks();
    passSeconds(601);
    expectProblem(await read(token), 'not-authenticated');
    jest.restoreAllMocks();
    passSeconds(30 * 24 * 3_600 + 1);
    expectProblem(await refresh(refreshToken), 'bad-refresh-token');
  });

  it.each(['', 'rubbish', 'x'.repeat(200)])('"%s" is refused', async (token) => {
    const answer = await refresh(token);
    expectProblem(answer, 'bad-refresh-token');
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  });

  it('of a deleted user is refused, and so is the access token', async () => {
    const { token, refreshToken } = await newMember();
    expect((await tidemark.request('DELETE', '/v1/me', { token })).status).toBe(204);
    expectProblem(await refresh(refreshToken), 'bad-refresh-token');
    await eventually(async () => (await read(token)).status === 401);
  });
});

describe('signing out', () => {
  it('ends access at once, and nothing else', async () => {
    const { email, token, refreshToken } = await newMember();
    const other = await tidemark.signIn(email);
    expect((await read(token)).status).toBe(200);
    expect((await tidemark.request('DELETE', '/v1/sessions/current', { token })).status).toBe(204);
    expectProblem(await read(token), 'not-authenticated');
    expectProblem(await refresh(refreshToken), 'bad-refresh-token');
    expect((await read(other.token)).status).toBe(200);
  });

  it('may be asked for many times at once', async () => {
    const { token } = await newMember();
    const signOut = () => tidemark.request('DELETE', '/v1/sessions/current', { token });
    const statuses = (await Promise.all(Array.from({ length: 8 }, signOut))).map(({ status }) => status);
    expect(statuses).toContain(204);
    expect(statuses.filter((status) => status !== 204 && status !== 401)).toEqual([]);
    expectProblem(await signOut(), 'not-authenticated');
  });
});

describe('signing in', () => {
  it('says the same of a wrong password, of nobody and of somebody who is gone', async () => {
    const { email } = await newMember();
    const gone = await newMember();
    await tidemark.request('DELETE', '/v1/me', { token: gone.token });
    const answers = await Promise.all([
      signIn(email, 'a wrong password'),
      signIn(`${randomUUID()}@example.com`, password),
      signIn(gone.email, password),
      signIn('no address at all', password),
    ]);
    for (const answer of answers) {
      expectProblem(answer, 'bad-credentials');
      expect(answer.body).toEqual(answers[0]!.body);
      const names = [...answer.headers.keys()];
      expect(names).toEqual([...answers[0]!.headers.keys()]);
    }
  });

  it('is limited by account, from wherever, and for the right password too', async () => {
    const { email } = await newMember();
    for (let attempt = 0; attempt < 3; attempt++) expectProblem(await signIn(email, 'wrong'), 'bad-credentials');
    const refused = await signIn(email.toUpperCase(), password);
    expectProblem(refused, 'too-many-attempts');
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBeGreaterThan(100);
    expect(seconds).toBeLessThanOrEqual(120);
    expect((await signIn((await newMember()).email, password)).status).toBe(201);
  });

  it('is limited alike where there is no account', async () => {
    const email = `${randomUUID()}@example.com`;
    for (let attempt = 0; attempt < 3; attempt++) expectProblem(await signIn(email, 'wrong'), 'bad-credentials');
    expectProblem(await signIn(email, 'wrong'), 'too-many-attempts');
  });

  it('counts anew after a success', async () => {
    const { email } = await newMember();
    for (let round = 0; round < 3; round++) {
      for (let attempt = 0; attempt < 2; attempt++) expectProblem(await signIn(email, 'wrong'), 'bad-credentials');
      expect((await signIn(email, password)).status).toBe(201);
    }
  });

  it('is limited by the client’s address, whoever it asks for', async () => {
    const { email } = await newMember();
    const address = newAddress();
    expect((await signIn(email, password, address)).status).toBe(201);
    for (let attempt = 0; attempt < 6; attempt++) {
      expectProblem(await signIn(`${randomUUID()}@example.com`, 'wrong', address), 'bad-credentials');
    }
    const refused = await signIn(email, password, address);
    expectProblem(refused, 'too-many-attempts');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await signIn(email, password)).status).toBe(201);
  });

  it('cannot be guessed at faster by many at once', async () => {
    const { email } = await newMember();
    const answers = await Promise.all(Array.from({ length: 20 }, () => signIn(email, 'wrong')));
    expect(answers.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(3);
    expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThanOrEqual(17);
  });

  it('says when there is too much to do, and does not count that as a wrong password', async () => {
    const people = await Promise.all(Array.from({ length: 3 }, newMember));
    const emails = people.map(({ email }) => email);
    for (let round = 0; round < 5; round++) {
      const crowd = Array.from({ length: 12 }, () => signIn(`${randomUUID()}@example.com`, 'wrong'));
      const answers = await Promise.all([...crowd, ...emails.map((email) => signIn(email, password))]);
      const busy = answers.filter(({ status }) => status === 503);
      expect(busy.length).toBeGreaterThan(0);
      for (const answer of busy) {
        expectProblem(answer, 'busy');
        expect(answer.headers.get('retry-after')).toBe('2');
      }
      expect(answers.slice(-3).map(({ status }) => status)).not.toContain(429);
    }
    for (const email of emails) expect((await signIn(email, password)).status).toBe(201);
  });
});
