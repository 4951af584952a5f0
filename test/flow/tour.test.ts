import { eventually } from '../support/eventually.ts';
import { password, type RunningTidemark, startTidemark } from '../support/standalone.ts';

let tidemark: RunningTidemark;
beforeAll(async () => {
  tidemark = await startTidemark({ exchange: true });
});
afterAll(() => tidemark.stop());

it('does the main job: register, sign in, change, read it back, see prices', async () => {
  const { request } = tidemark;
  const email = 'ann@example.com';
  const created = await request('POST', '/v1/users', { body: { email, password, name: ' Ann ' } });
  expect(created).toMatchObject({ status: 201, body: { email, name: 'Ann', role: 'member' } });
  expect(created.headers.get('location')).toBe(`/v1/users/${created.body.id}`);
  expect(created.headers.get('etag')).toBe('"0"');
  expect(JSON.stringify(created.body)).not.toContain(password);

  const session = await request('POST', '/v1/sessions', { body: { email, password } });
  expect(session).toMatchObject({
    status: 201,
    body: { tokenType: 'Bearer', expiresInSeconds: 600, refreshToken: expect.any(String), user: created.body },
  });
  const token = session.body.accessToken;

  const changed = await request('PATCH', '/v1/me', {
    token,
    body: { name: 'Ann Lee' },
    headers: { 'if-match': '"0"' },
  });
  expect(changed).toMatchObject({ status: 200, body: { name: 'Ann Lee', email } });
  const read = await request('GET', `/v1/users/${created.body.id}`, {
    token,
    headers: { 'consistency-token': changed.headers.get('consistency-token')! },
  });
  expect(read).toMatchObject({ status: 200, body: changed.body });
  expect(read.headers.get('etag')).toBe('"1"');
  expect(read.headers.get('consistency-token')).toMatch(/^[\w-]+\.\d+$/);

  const dashboard = await eventually(async () => {
    const { body } = await request('GET', '/v1/dashboard', { token });
    return body.prices[0].price !== null && body;
  });
  expect(dashboard).toMatchObject({
    user: changed.body,
    prices: [
      { symbol: 'BTCUSDT', price: expect.stringMatching(/^\d+\.\d+$/), source: 'simulator', stale: false },
      { symbol: 'ETHUSDT', price: null, asOf: null, stale: true },
    ],
    generatedAt: expect.stringMatching(/Z$/),
  });
  const candles = await eventually(async () => {
    const { body } = await request('GET', '/v1/prices/btcusdt/candles?limit=5', { token });
    return body.items.length === 5 && body;
  });
  expect(candles.items[0]).toMatchObject({ source: 'simulator', backfilled: true });
  expect(await request('GET', '/v1/prices/ETHUSDT', { token })).toMatchObject({
    status: 503,
    body: { code: 'price-unavailable', retriable: true },
  });
});

it('lets an admin see and change everybody, and make others admins', async () => {
  const { request } = tidemark;
  const admin = await tidemark.admin();
  const { token } = admin;
  const member = await tidemark.member('bo@example.com', 'Bo');
  expect(await request('GET', '/v1/users', { token: member.token })).toMatchObject({
    status: 403,
    body: { code: 'forbidden' },
  });

  const list = await eventually(async () => {
    const { body } = await request('GET', '/v1/users?limit=200', { token });
    return body.items.some(({ id }: { id: string }) => id === member.id) && body;
  });
  expect(list.nextCursor).toBeNull();
  expect((await request('GET', '/v1/users?email=BO@example.com', { token })).body.items).toMatchObject([
    { id: member.id },
  ]);
  const first = (await request('GET', '/v1/users?limit=1', { token })).body;
  const second = (await request('GET', `/v1/users?limit=1&cursor=${first.nextCursor}`, { token })).body;
  expect([...first.items, ...second.items]).toEqual(list.items.slice(0, 2));

  expect(await request('PATCH', `/v1/users/${member.id}`, { token, body: { name: 'Bob' } })).toMatchObject({
    status: 200,
  });
  expect((await request('PUT', `/v1/admins/${member.id}`, { token })).status).toBe(204);
  expect((await request('GET', '/v1/users', { token: member.token })).status).toBe(200);
  expect((await request('DELETE', `/v1/users/${member.id}`, { token })).body).toMatchObject({
    code: 'admin-must-step-down',
  });
  expect((await request('DELETE', `/v1/admins/${member.id}`, { token: member.token })).status).toBe(204);
  expect((await request('DELETE', `/v1/admins/${admin.id}`, { token })).body).toMatchObject({ code: 'last-admin' });
  expect(
    (await request('POST', '/v1/setup', { body: { token: 'x', email: 'x@example.com', password, name: 'X' } })).body,
  ).toMatchObject({
    code: 'setup-done',
    status: 410,
  });
});

it('forgets a deleted user: tokens, sign-in, reading', async () => {
  const { request } = tidemark;
  const { token, id, email } = await tidemark.member('gone@example.com');
  expect((await request('DELETE', '/v1/me', { token })).status).toBe(204);
  expect((await request('GET', '/v1/me', { token })).status).toBe(401);
  expect((await request('POST', '/v1/sessions', { body: { email, password } })).body).toMatchObject({
    code: 'bad-credentials',
  });
  const again = await tidemark.member(email);
  expect(again.id).not.toBe(id);
});
