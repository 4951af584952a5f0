import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { io } from 'socket.io-client';
import { startChild } from '../support/child-process.ts';
import { eventually } from '../support/eventually.ts';
import { openVault } from '../support/open-vault.ts';
import {
  clientOf,
  password,
  type RunningTidemark,
  type StandaloneOptions,
  startTidemark,
} from '../support/standalone.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

let directory: ReturnType<typeof temporaryDirectory>;
const started: RunningTidemark[] = [];
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(async () => {
  for (const tidemark of started.splice(0)) await tidemark.halt();
  directory.remove();
});

/** Starts on this test's directory. */
const start = async (options: StandaloneOptions = {}): Promise<RunningTidemark> => {
  const tidemark = await startTidemark({ directory: directory.path, ...options });
  started.push(tidemark);
  return tidemark;
};

const register = (tidemark: RunningTidemark, email: string, name = 'Somebody') =>
  tidemark.request('POST', '/v1/users', { body: { email, password, name } });

describe('while it runs', () => {
  let tidemark: RunningTidemark;
  beforeAll(async () => {
    tidemark = await startTidemark({ exchange: true });
  });
  afterAll(() => tidemark.stop());

  it('says that it lives, and what it depends on', async () => {
    expect(await tidemark.request('GET', '/livez')).toMatchObject({ status: 200, body: { state: 'ok' } });
    const ready = await eventually(async () => {
      const { status, body } = await tidemark.request('GET', '/readyz');
      return status === 200 && body.state === 'ok' ? body : undefined;
    });
    const names = ready.checks.map(({ name }: { name: string }) => name);
    expect(names).toEqual(expect.arrayContaining(['event store', 'vault', 'exchange', 'view user-profiles']));
    for (const check of ready.checks) expect(check).toEqual({ name: check.name, state: 'ok' });
  });

  it('counts what operators watch', async () => {
    const { token } = await tidemark.member('metrics@example.com');
    await tidemark.request('GET', '/v1/me', { token });
    await tidemark.request('GET', '/v1/me');
    await eventually(async () => (await tidemark.request('GET', '/v1/prices/BTCUSDT', { token })).status === 200);
    const socket = io(tidemark.url, { auth: { token }, transports: ['websocket'], forceNew: true });
    try {
      await once(socket as unknown as NodeJS.EventEmitter, 'connect');
      const page = await tidemark.request('GET', '/metrics');
      expect(page.headers.get('content-type')).toMatch(/^text\/plain/);
      const series = [
        /^http_request_duration_seconds_bucket\{le="0.01",operation="createUser",status="201"\} \d+$/m,
        /^http_request_duration_seconds_count\{operation="getMe",status="200"\} [1-9]\d*$/m,
        /^http_request_duration_seconds_count\{operation="getMe",status="401"\} 1$/m,
        /^projection_lag_positions\{view="user-profiles"\} \d+$/m,
        /^projection_parked_keys\{view="[\w-]+"\} 0$/m,
        /^price_cache_requests_total\{result="\w+"\} [1-9]\d*$/m,
        /^sockets_connected\{gateway="socket.io"\} 1$/m,
        /^exchange_feed_age_seconds\{exchange="simulator"\} [\d.e-]+$/m,
        /^process_resident_memory_bytes \d+$/m,
        /^nodejs_eventloop_lag_p99_seconds /m,
      ];
      await eventually(async () => {
        const { body } = await tidemark.request('GET', '/metrics');
        expect(body).not.toContain('metrics@example.com');
        expect(series.filter((each) => !each.test(body))).toEqual([]);
        return true;
      });
    } finally {
      socket.disconnect();
    }
  });

  it('refuses a second start on its directory, in plain words, and goes on', async () => {
    await expect(startTidemark({ directory: tidemark.path })).rejects.toThrow(
      `DATA_DIR ${tidemark.path} is in use by another Tidemark process`,
    );
    expect((await register(tidemark, 'still@example.com')).status).toBe(201);
  });
});

it('serves without the exchange, and names what is missing', async () => {
  const tidemark = await start();
  const ready = await eventually(async () => {
    const { status, body } = await tidemark.request('GET', '/readyz');
    return status === 200 ? body : undefined;
  });
  expect(ready.state).toBe('degraded');
  const bad = ready.checks.filter(({ state }: { state: string }) => state !== 'ok');
  expect(bad).toEqual([{ name: 'exchange', state: 'degraded', detail: expect.any(String) }]);
  const { token } = await tidemark.member('ann@example.com');
  expect(await tidemark.request('GET', '/v1/dashboard', { token })).toMatchObject({ status: 200 });
});

describe('a start that can’t be', () => {
  it('says that the port is taken, and leaves the directory free', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const environment = { PORT: String(port) };
    await expect(start({ environment })).rejects.toThrow(new RegExp(`EADDRINUSE.*127.0.0.1:${port}`));
    taken.close();
    await once(taken, 'close');
    const tidemark = await start({ environment });
    expect(tidemark.url).toBe(`http://127.0.0.1:${port}`);
  });

  it('says that the master key is another one', async () => {
    const first = await start();
    await first.halt();
    const key = Buffer.alloc(32, 7).toString('base64');
    await expect(start({ environment: { MASTER_KEY: key } })).rejects.toThrow(
      'MASTER_KEY is not the one that this vault was made with',
    );
    await start();
  });
});

it('starts with secrets from files', async () => {
  const files = { MASTER_KEY_FILE: Buffer.alloc(32, 7).toString('base64'), SETUP_TOKEN_FILE: 'a setup token of ours' };
  const environment = Object.fromEntries(
    Object.entries(files).map(([name, value]) => {
      const file = join(directory.path, name);
      writeFileSync(file, `${value}\n`);
      return [name, file];
    }),
  );
  const tidemark = await start({ directory: join(directory.path, 'data'), environment });
  expect(tidemark.setupToken).toBe('a setup token of ours');
  await tidemark.admin();
  await tidemark.halt();
  const again = await start({ directory: join(directory.path, 'data'), environment });
  expect(again.setupToken).toBeUndefined();
  await again.signIn('root@example.com');
});

it('logs nothing personal and no secret, at the level of debug', async () => {
  const tidemark = await start();
  const { request, setupToken } = tidemark;
  const admin = await tidemark.admin('the.root@example.com');
  const ann = await tidemark.member('ann.secret@example.com', 'Ann Unmistakable');
  const { token } = ann;
  const bad = { email: 'bad.address', password: 'short', name: '\0', token: setupToken };
  const seen: number[] = [];
  const call = async (...given: Parameters<typeof request>) => seen.push((await request(...given)).status);
  await call('POST', '/v1/users', { body: bad });
  await call('POST', '/v1/users', { body: { email: ann.email, password, name: 'Ann Unmistakable' } });
  await call('POST', '/v1/sessions', { body: { email: ann.email, password: 'a wrong, telling password' } });
  await call('POST', '/v1/sessions/refresh', { body: { refreshToken: ann.refreshToken } });
  await call('POST', '/v1/setup', { body: { ...bad, email: ann.email, password, name: 'X' } });
  await call('PATCH', '/v1/me', { token, body: { name: 'Ann Unmistakable-Too', email: 'ann.other@example.com' } });
  await call('GET', `/v1/users?email=${ann.email}`, { token: admin.token });
  await call('DELETE', '/v1/me', { token });
  await call('GET', `/v1/me?access_token=${token}`);
  await call('GET', '/v1/users/%E0%A4%A', { token });
  // A record that can't be read any more is our fault, and is logged as such.
  const { vault, close } = await openVault(directory.path);
  const { version } = (await vault.get('credentials', admin.id))!;
  await vault.replace('credentials', admin.id, version, { hash: `no hash, but ${password}` }, { subject: admin.id });
  await close();
  await call('POST', '/v1/sessions', { body: { email: admin.email, password } });
  expect(seen).toEqual([422, 409, 401, 200, 410, 200, 200, 204, 401, 400, 500]);
  await tidemark.halt();

  const logged = tidemark.logged();
  expect(logged).toContain('request failed');
  const secrets = [
    ...['the.root', 'ann.secret', 'ann.other', 'bad.address', 'Unmistakable', password, 'telling password'],
    ...[setupToken!, token, ann.refreshToken, admin.token],
  ];
  for (const secret of secrets) expect(logged).not.toContain(secret);
});

describe('stopping', () => {
  it('answers what is under way, and keeps what was acknowledged', async () => {
    const tidemark = await start();
    const { hostname, port } = new URL(tidemark.url);
    const emails = Array.from({ length: 10 }, (_, index) => `late${index}@example.com`);
    const begun = await Promise.all(
      emails.map(async (email) => {
        const headers = { 'content-type': 'application/json', expect: '100-continue' };
        const sent = httpRequest({ hostname, port, method: 'POST', path: '/v1/users', headers, agent: false });
        sent.flushHeaders();
        await once(sent, 'continue');
        return { email, sent };
      }),
    );
    // The server has met every one of them, and has the answer still before it.
    const halted = tidemark.halt();
    const statuses = await Promise.all(
      begun.map(async ({ email, sent }) => {
        const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
        sent.end(JSON.stringify({ email, password, name: 'Late' }));
        const [response] = await answered;
        response.resume();
        return response.statusCode;
      }),
    );
    await halted;
    expect(statuses).toEqual(emails.map(() => 201));
    await expect(fetch(`${tidemark.url}/livez`)).rejects.toThrow('fetch failed');

    const again = await start();
    for (const email of emails) expect(await again.signIn(email)).toMatchObject({ email, token: expect.any(String) });
  });

  it('takes no longer for connections that are kept open, and sockets', async () => {
    const tidemark = await start();
    const { token } = await tidemark.member('ann@example.com');
    const socket = io(tidemark.url, {
      auth: { token },
      transports: ['websocket'],
      forceNew: true,
      reconnection: false,
    });
    await once(socket as unknown as NodeJS.EventEmitter, 'connect');
    const disconnected = once(socket as unknown as NodeJS.EventEmitter, 'disconnect');
    // Answered while it stops, on connections that the client would like to keep.
    const asked = Promise.all(
      Array.from({ length: 5 }, () => clientOf(tidemark.url).request('GET', '/v1/me', { token })),
    );
    const startedAt = performance.now();
    await Promise.all([tidemark.halt(), asked.catch(() => undefined), disconnected]);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });

  it('keeps sessions, users and the order of things over a restart', async () => {
    const first = await start();
    const ann = await first.member('ann@example.com');
    const changed = await first.request('PATCH', '/v1/me', { token: ann.token, body: { name: 'Kept' } });
    await first.halt();
    const second = await start();
    const headers = { 'consistency-token': changed.headers.get('consistency-token')! };
    expect(await second.request('GET', '/v1/me', { token: ann.token, headers })).toMatchObject({
      status: 200,
      body: changed.body,
    });
    const { refreshToken } = ann;
    expect((await second.request('POST', '/v1/sessions/refresh', { body: { refreshToken } })).status).toBe(200);
  });
});

it('waits for what a client left behind before it closes its files', async () => {
  const directory = temporaryDirectory();
  const child = startChild('run-standalone', [directory.path]);
  const { value: line } = await child.lines[Symbol.asyncIterator]().next();
  const { url } = JSON.parse(line) as { url: string };
  const gone = new AbortController();
  const registrations = Array.from({ length: 12 }, (_, index) =>
    fetch(`${url}/v1/users`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: `left${index}@example.com`, password, name: 'Somebody' }),
      signal: gone.signal,
    }).catch(() => undefined),
  );
  // One is answered, so the others are being worked at.
  await Promise.race(registrations);
  gone.abort();
  child.stop();
  expect(await child.ended).toBe('0');
  await Promise.all(registrations);
  directory.remove();
});
