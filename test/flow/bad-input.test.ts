import { gzipSync } from 'node:zlib';
import type { ErrorCode } from '../../contracts/errors.ts';
import { expectProblem } from '../support/expect-problem.ts';
import { rawRequest } from '../support/raw-request.ts';
import { type Person, password, type RunningTidemark, startTidemark } from '../support/standalone.ts';

let tidemark: RunningTidemark;
let admin: Person;
let member: Person;
beforeAll(async () => {
  tidemark = await startTidemark();
  admin = await tidemark.admin();
  member = await tidemark.member('ann@example.com');
});
afterAll(() => tidemark.stop());
afterEach(async () => {
  const clean: object = {};
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(clean).not.toHaveProperty('admin');
  // Whatever came, it lives and works.
  expect((await tidemark.request('GET', '/v1/me', { token: member.token })).status).toBe(200);
});

const valid = { email: 'new@example.com', password, name: 'New' };
const withExtra = (extra: string) => `{${extra},${JSON.stringify(valid).slice(1)}`;
const raw = (
  given: Omit<Parameters<typeof rawRequest>[1], 'headers'> & { headers?: readonly string[] },
  token?: string,
) =>
  rawRequest(tidemark.url, {
    ...given,
    headers: [...(given.headers ?? []), ...(token === undefined ? [] : ['authorization', `Bearer ${token}`])],
  });

describe('a body', () => {
  const bodies: readonly [string, string, ErrorCode, (readonly string[])?][] = [
    ['cut short', '{"email":', 'malformed-json'],
    ['of rubbish', 'email=ann', 'malformed-json'],
    ['of an array', '[]', 'validation-failed', ['']],
    ['of null', 'null', 'validation-failed', ['']],
    ['of a number', '7', 'validation-failed', ['']],
    ['of a string', '"{}"', 'validation-failed', ['']],
    ['without fields', '{}', 'validation-failed', ['/email', '/name', '/password']],
    ['of wrong types', '{"email":1,"password":[],"name":{}}', 'validation-failed', ['/email', '/name', '/password']],
    ['with an unknown field', withExtra('"role":"admin"'), 'validation-failed', ['/role']],
    ['with an awkward field', withExtra('"a/b~c":1'), 'validation-failed', ['/a~1b~0c']],
    ['that aims at __proto__', withExtra('"__proto__":{"admin":true}'), 'validation-failed', ['/__proto__']],
    [
      'that aims at constructor',
      withExtra('"constructor":{"prototype":{"admin":true}},"toString":1'),
      'validation-failed',
      ['/constructor', '/toString'],
    ],
    ['nested deeply', `${'['.repeat(8_000)}${']'.repeat(8_000)}`, 'validation-failed', ['']],
    ['with a short password', JSON.stringify({ ...valid, password: 'short' }), 'validation-failed', ['/password']],
    [
      'with a huge password',
      JSON.stringify({ ...valid, password: 'x'.repeat(129) }),
      'validation-failed',
      ['/password'],
    ],
    ['that is too large', JSON.stringify({ ...valid, name: 'x'.repeat(20_000) }), 'body-too-large'],
    ['that is far too large', JSON.stringify({ ...valid, name: 'x'.repeat(2_000_000) }), 'body-too-large'],
  ];
  it.each(bodies)('%s is refused', async (...[_, sent, code, pointers]) => {
    expectProblem(await tidemark.request('POST', '/v1/users', { raw: sent }), code, pointers);
  });

  it('that is missing is refused', async () => {
    expectProblem(await tidemark.request('POST', '/v1/users'), 'validation-failed');
  });

  it('names a bounded number of errors', async () => {
    const keys = Object.fromEntries(Array.from({ length: 1_500 }, (_, index) => [`k${index}`, 1]));
    const answer = await tidemark.request('POST', '/v1/users', { body: keys });
    expectProblem(answer, 'validation-failed');
    expect(answer.body.errors.length).toBeLessThanOrEqual(50);
  });

  it.each([
    ['text/plain'],
    ['multipart/form-data; boundary=x'],
    ['application/jsonx'],
    ['application/json; charset=latin-klingon'],
    [''],
  ])('of content type "%s" is refused', async (type) => {
    const answer = await raw({
      method: 'POST',
      path: '/v1/users',
      headers: ['content-type', type],
      body: JSON.stringify(valid),
    });
    expectProblem(answer, 'unsupported-media-type');
  });

  it.each<[string, string, Buffer, ErrorCode]>([
    ['is no gzip at all', 'gzip', Buffer.from('rubbish'), 'malformed-request'],
    ['ends early', 'gzip', gzipSync(JSON.stringify(valid)).subarray(0, 30), 'malformed-request'],
    ['is a bomb', 'gzip', gzipSync(Buffer.alloc(10_000_000, ' ')), 'body-too-large'],
    ['has an unknown encoding', 'zip', Buffer.from('{}'), 'unsupported-media-type'],
  ])('that %s is refused', async (_, encoding, body, code) => {
    const headers = ['content-type', 'application/json', 'content-encoding', encoding];
    expectProblem(await raw({ method: 'POST', path: '/v1/users', headers, body }), code);
  });
});

describe('a name', () => {
  it.each([
    ['is composed', 'Zoe\u0308', 'Zoë'],
    ['is trimmed', '  Ann ', 'Ann'],
    ['may be an emoji', '👩‍👩‍👧‍👦', '👩‍👩‍👧‍👦'],
    ['may run right to left', 'שלום محمد', 'שלום محمد'],
    ['may look like SQL', `Robert'); DROP TABLE rows;--`, `Robert'); DROP TABLE rows;--`],
    ['may look like markup', '<script>alert(1)</script>', '<script>alert(1)</script>'],
    ['may look like a template', '{{7*7}}%s%n', '{{7*7}}%s%n'],
    ['may be a word of ours', '[erased]', '[erased]'],
    ['may be long', 'x'.repeat(100), 'x'.repeat(100)],
  ])('%s', async (_, name, expected) => {
    const { token } = member;
    const changed = await tidemark.request('PATCH', '/v1/me', { token, body: { name } });
    expect(changed).toMatchObject({ status: 200, body: { name: expected } });
    const minimum = { 'consistency-token': changed.headers.get('consistency-token')! };
    expect((await tidemark.request('GET', '/v1/me', { token, headers: minimum })).body.name).toBe(expected);
  });

  it.each([
    ['empty', ''],
    ['blank', ' \u3000\t'],
    ['with NUL', 'a\0b'],
    ['of two lines', 'a\nb'],
    ['that colours a terminal', '\u001b[31mred'],
    ['with a C1 control', 'a\u0085b'],
    ['with half a character', 'a\ud800b'],
    ['of private use', '\ue000'],
    ['that is too long', 'x'.repeat(101)],
    ['that is null', null],
  ])('%s is refused', async (_, name) => {
    expectProblem(
      await tidemark.request('PATCH', '/v1/me', { token: member.token, body: { name } }),
      'validation-failed',
      ['/name'],
    );
  });
});

describe('an address', () => {
  const long = `${'l'.repeat(64)}@${'d'.repeat(60)}.${'d'.repeat(60)}.${'d'.repeat(60)}.de`;

  it.each([
    ['without @', 'ann'],
    ['with two @', 'a@b@example.com'],
    ['without a local part', '@example.com'],
    ['without a domain', 'ann@'],
    ['with a space', 'a nn@example.com'],
    ['with a line break', 'ann@example.com\nbcc: all@example.com'],
    ['with NUL', 'ann\0@example.com'],
    ['with half a character', 'ann\udfff@example.com'],
    ['with a path', 'ann@example.com/x'],
    ['with a port', 'ann@example.com:25'],
    ['with an escaped letter', 'ann@ex%61mple.com'],
    ['that is too long', `${'l'.repeat(64)}@${'d'.repeat(190)}`],
    ['that is null', null],
  ])('%s is refused', async (_, email) => {
    const { token } = member;
    expectProblem(await tidemark.request('PATCH', '/v1/me', { token, body: { email } }), 'validation-failed', [
      '/email',
    ]);
  });

  it('may be as long as an address can be', async () => {
    const { token } = await tidemark.member('long@example.com');
    expect(await tidemark.request('PATCH', '/v1/me', { token, body: { email: long } })).toMatchObject({ status: 200 });
  });

  it.each([
    ['in capitals', 'case@example.com', 'CASE@Example.COM'],
    ['of another normal form', 'zo\u00eb@example.com', 'zoe\u0308@example.com'],
    ['of an internationalised domain', 'idn@b\u00fccher.example', 'idn@xn--bcher-kva.example'],
  ])('%s is the same address', async (_, email, same) => {
    await tidemark.member(email);
    const body = { ...valid, email: same };
    expectProblem(await tidemark.request('POST', '/v1/users', { body }), 'email-taken');
    expect((await tidemark.request('POST', '/v1/sessions', { body: { email: same, password } })).status).toBe(201);
  });

  it('that only looks the same is another', async () => {
    const lookalike = 'аnn@example.com';
    const body = { ...valid, email: lookalike };
    const created = await tidemark.request('POST', '/v1/users', { body });
    expect(created).toMatchObject({ status: 201, body: { email: lookalike } });
    expect(created.body.id).not.toBe(member.id);
  });
});

describe('a path', () => {
  const long = `/v1/users/${'x'.repeat(9_000)}`;
  it.each<[string, string, ErrorCode]>([
    ['that goes up', '/v1/users/%2e%2e', 'validation-failed'],
    ['that goes up and down', '/v1/users/..%2fme', 'validation-failed'],
    ['with dots as they are', '/v1/users/../../etc/passwd', 'route-not-found'],
    ['with NUL', '/v1/users/%00', 'validation-failed'],
    ['with NUL outside of operations', '/x%00.html', 'route-not-found'],
    ['with half a character', '/v1/users/%E0%A4%A', 'malformed-request'],
    ['with double slashes', '//v1//me', 'route-not-found'],
    ['that is long', long, 'validation-failed'],
    ['with a bad id', '/v1/users/7', 'validation-failed'],
    ['with an id and more', `/v1/users/${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}'--`, 'validation-failed'],
    ['of nobody', '/v1/users/0195c1d0-6f3a-7c2e-9b44-0c6f1f2f6f10', 'user-not-found'],
    ['of an unknown symbol', '/v1/prices/DOGEUSDT', 'unknown-symbol'],
    ['of an unknown symbol’s candles', '/v1/prices/DOGEUSDT/candles', 'unknown-symbol'],
    ['of no symbol', '/v1/prices/BTC%2FUSDT', 'validation-failed'],
    ['of a word that objects have', '/v1/prices/constructor', 'unknown-symbol'],
    ['of nothing', '/v2/users', 'route-not-found'],
  ])('%s is refused', async (_, path, code) => {
    if (code === 'malformed-request' && process.env.SHAPE === 'distributed') {
      // The gateway can't read it either, and answers by itself.
      expect((await raw({ path }, admin.token)).status).toBe(400);
      return;
    }
    const pointers =
      code === 'validation-failed' ? [path.startsWith('/v1/users') ? '/path/id' : '/path/symbol'] : undefined;
    expectProblem(await raw({ path }, admin.token), code, pointers);
  });

  it('says no more than "forbidden" to who may not look', async () => {
    for (const path of [
      '/v1/users/%2e%2e',
      `/v1/users/${admin.id}`,
      '/v1/users/0195c1d0-6f3a-7c2e-9b44-0c6f1f2f6f10',
    ]) {
      expectProblem(await raw({ path }, member.token), 'forbidden');
    }
  });

  it('takes an id in capitals as the same, to read and to write', async () => {
    const path = `/v1/users/${member.id.toUpperCase()}`;
    const { token } = member;
    expect(await tidemark.request('GET', path, { token })).toMatchObject({ status: 200, body: { id: member.id } });
    const changed = await tidemark.request('PATCH', path, { token, body: { name: 'Capital' } });
    expect(changed).toMatchObject({ status: 200, body: { id: member.id } });
  });
});

describe('a query', () => {
  it.each([
    ['limit=0', ['/query/limit']],
    ['limit=-1', ['/query/limit']],
    ['limit=1e9', ['/query/limit']],
    ['limit=1.5', ['/query/limit']],
    ['limit=NaN', ['/query/limit']],
    ['limit=Infinity', ['/query/limit']],
    ['limit=', ['/query/limit']],
    ['limit=1&limit=2', ['/query/limit']],
    ['limit[]=1', ['/query/limit[]']],
    ['limit[a]=1', ['/query/limit[a]']],
    ['page=2', ['/query/page']],
    ['email=nobody', ['/query/email']],
    ['email=a@example.com&email=b@example.com', ['/query/email']],
    [`cursor=${'x'.repeat(201)}`, ['/query/cursor']],
    ['__proto__=1', ['/query/__proto__']],
    ['constructor=1', ['/query/constructor']],
    ['limit=1&%E0%A4%A=1', ['/query/\ufffd%A']],
  ])('of %s is refused', async (query, pointers) => {
    expectProblem(await raw({ path: `/v1/users?${query}` }, admin.token), 'validation-failed', pointers);
  });

  it.each([['from=yesterday'], ['to=2026-02-30T00:00:00Z'], ['from=1767600000000'], ['limit=1501']])(
    'of %s is refused for candles',
    async (query) => {
      const pointers = [`/query/${query.split('=')[0]}`];
      const answer = await raw({ path: `/v1/prices/BTCUSDT/candles?${query}` }, member.token);
      expectProblem(answer, 'validation-failed', pointers);
    },
  );

  it('is refused where none is taken', async () => {
    expectProblem(await raw({ path: '/v1/me?verbose=1' }, member.token), 'validation-failed', ['/query/verbose']);
  });

  it('takes no cursor that the list did not give', async () => {
    await tidemark.member('second@example.com');
    const { body } = await tidemark.request('GET', '/v1/users?limit=1', { token: admin.token });
    const ofUsers: string = body.nextCursor;
    expect(ofUsers).toEqual(expect.any(String));
    const ofCandles = Buffer.from('ETHUSDT/binance/1767600000000').toString('base64url');
    const bad = ['', 'rubbish', '%27%20OR%201=1--', ofUsers.slice(0, -4), `${ofUsers}A`, `${ofUsers}=`, ofCandles];
    for (const cursor of bad) {
      expectProblem(await raw({ path: `/v1/users?cursor=${cursor}` }, admin.token), 'bad-cursor');
    }
    for (const cursor of ['rubbish', ofUsers, ofCandles]) {
      expectProblem(await raw({ path: `/v1/prices/BTCUSDT/candles?cursor=${cursor}` }, member.token), 'bad-cursor');
    }
  });
});

describe('a header', () => {
  it.each(['abc', '0', '"0', 'W/0', '"0" "1"', ''])('If-Match: %s is refused', async (tag) => {
    const headers = ['if-match', tag, 'content-type', 'application/json'];
    const answer = await raw({ method: 'PATCH', path: '/v1/me', headers, body: '{}' }, member.token);
    expectProblem(answer, 'malformed-request', ['/header/If-Match']);
  });

  it.each(['', 'two words', 'ünï', 'x'.repeat(201)])('Idempotency-Key: %s is refused', async (key) => {
    const headers = ['idempotency-key', key, 'content-type', 'application/json'];
    const answer = await raw({ method: 'POST', path: '/v1/users', headers, body: JSON.stringify(valid) });
    expectProblem(answer, 'malformed-request', ['/header/Idempotency-Key']);
  });

  it.each(['', 'rubbish', '.', 'x.', '.1', 'a.-1', 'a.1.2', 'a.1e3', `a.${'9'.repeat(20)}`])(
    'Consistency-Token: %s is refused',
    async (token) => {
      const answer = await raw({ path: '/v1/me', headers: ['consistency-token', token] }, member.token);
      expectProblem(answer, 'bad-consistency-token');
    },
  );

  it('traceparent that is none is left out', async () => {
    const headers = ['traceparent', '00-0-0-00'];
    expect(await raw({ path: '/v1/me', headers }, member.token)).toMatchObject({ status: 200 });
  });
});

describe('a method', () => {
  it.each([
    ['OPTIONS', '/v1/me', 'GET, HEAD, PATCH, DELETE'],
    ['TRACE', '/v1/me', 'GET, HEAD, PATCH, DELETE'],
    ['PUT', '/v1/users', 'GET, HEAD, POST'],
    ['GET', '/v1/sessions', 'POST'],
    ['HEAD', '/v1/sessions', 'POST'],
    ['POST', '/v1/dashboard', 'GET, HEAD'],
    ['PROPFIND', '/v1/prices', 'GET, HEAD'],
  ])('%s %s is not allowed', async (method, path, allow) => {
    const answer = await raw({ method, path }, member.token);
    if (method === 'HEAD') expect(answer.status).toBe(405);
    else expectProblem(answer, 'method-not-allowed');
    expect(answer.headers.get('allow')?.split(', ').sort()).toEqual(allow.split(', ').sort());
  });

  it('HEAD answers what GET would, without the body', async () => {
    const answer = await raw({ method: 'HEAD', path: '/v1/me' }, member.token);
    expect(answer).toMatchObject({ status: 200, body: '' });
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  });
});
