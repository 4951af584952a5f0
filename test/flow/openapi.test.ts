import fc from 'fast-check';
import type { z } from 'zod';
import type { Operation } from '../../contracts/http/operation.ts';
import * as priceOperations from '../../contracts/http/price-operations.ts';
import * as sessionOperations from '../../contracts/http/session-operations.ts';
import * as userOperations from '../../contracts/http/user-operations.ts';
import { eventually } from '../support/eventually.ts';
import { expectProblem } from '../support/expect-problem.ts';
import { rawRequest } from '../support/raw-request.ts';
import { type Answer, type Person, password, type RunningTidemark, startTidemark } from '../support/standalone.ts';

const isOperation = (value: unknown): value is Operation =>
  typeof value === 'object' && value !== null && 'allow' in value && 'path' in value;
const operations = Object.values({ ...priceOperations, ...sessionOperations, ...userOperations } as object).filter(
  isOperation,
);

// biome-ignore lint/suspicious/noExplicitAny: a document of every shape
type Document = any;

let tidemark: RunningTidemark;
let document: Document;
let admin: Person;
let member: Person;
beforeAll(async () => {
  tidemark = await startTidemark({
    exchange: true,
    environment: { SIGN_IN_FAILURES_PER_ADDRESS: '100000', SIGN_IN_FAILURES_PER_ACCOUNT: '100000' },
  });
  document = (await tidemark.request('GET', '/openapi.json')).body;
  admin = await tidemark.admin();
  member = await tidemark.member('ann@example.com');
});
afterAll(() => tidemark.stop());

/** Every object within, with where it is. */
function* within(value: unknown, path = '#'): Generator<readonly [string, Record<string, unknown>]> {
  if (typeof value !== 'object' || value === null) return;
  yield [path, value as Record<string, unknown>];
  for (const [key, each] of Object.entries(value)) yield* within(each, `${path}/${key}`);
}

describe('the document', () => {
  it('says what OpenAPI 3.1 demands', () => {
    expect(document).toMatchObject({
      openapi: expect.stringMatching(/^3\.1\.\d+$/),
      info: { title: expect.any(String), version: expect.any(String) },
    });
    const ids: string[] = [];
    for (const [path, item] of Object.entries<Document>(document.paths)) {
      expect(path).toMatch(/^\/v1\//);
      for (const [method, operation] of Object.entries<Document>(item)) {
        expect(method).toMatch(/^(get|post|put|patch|delete)$/);
        ids.push(operation.operationId);
        const parameters: Document[] = operation.parameters;
        const inPath = parameters.filter((one) => one.in === 'path');
        expect(inPath.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
        for (const one of inPath) expect(one.required).toBe(true);
        const names = parameters.map((one) => `${one.in} ${one.name}`);
        expect(new Set(names).size).toBe(names.length);
        for (const one of parameters) expect(Object.keys(one.schema)).toContain('type');
        for (const [status, response] of Object.entries<Document>(operation.responses)) {
          expect(status).toMatch(/^[2-5]\d\d$/);
          expect(response.description).toEqual(expect.any(String));
          if (status === '204') expect(response).not.toHaveProperty('content');
          if (Number(status) >= 400) expect(Object.keys(response.content)).toEqual(['application/problem+json']);
        }
        for (const scheme of operation.security.flatMap(Object.keys)) {
          expect(Object.keys(document.components.securitySchemes)).toContain(scheme);
        }
      }
    }
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('has every $ref resolved', () => {
    const references = [...within(document)].flatMap(([, { $ref }]) => (typeof $ref === 'string' ? [$ref] : []));
    expect(references.length).toBeGreaterThan(0);
    for (const reference of references) {
      const found = reference
        .slice(2)
        .split('/')
        .reduce((at, step) => at?.[step], document);
      expect([reference, found]).toEqual([reference, expect.any(Object)]);
    }
  });

  it('has every operation of the table, and nothing else', () => {
    const documented = Object.entries<Document>(document.paths).flatMap(([path, item]) =>
      Object.entries<Document>(item).map(([method, { operationId }]) => `${operationId}: ${method} ${path}`),
    );
    expect(documented.sort()).toEqual(operations.map(({ id, method, path }) => `${id}: ${method} ${path}`).sort());
  });

  it.each(operations.map((operation) => [operation.id, operation] as const))('says what %s takes', (_, operation) => {
    const { path, method, answer, allow, body, errors, conditional, idempotent, query } = operation;
    const documented = document.paths[path][method];
    expect(Object.keys(documented.responses)).toContain(String(answer.status));
    const schemes = documented.security.map((one: object) => Object.keys(one)[0] ?? 'none');
    expect(schemes.includes('none')).toBe(allow === 'anyone' || allow === 'visitor-or-admin');
    expect(schemes.includes('accessToken')).toBe(allow !== 'anyone');
    expect(documented.requestBody === undefined).toBe(body.def.type === 'undefined');
    const described = JSON.stringify(documented.responses);
    for (const code of errors) expect(described).toContain(`\`${code}\``);
    const names = documented.parameters.map(({ name }: { name: string }) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys((query as z.ZodObject).shape)));
    expect(names.includes('If-Match')).toBe(conditional);
    expect(names.includes('Idempotency-Key')).toBe(idempotent);
  });

  it.each(operations.map((operation) => [operation.id, operation] as const))(
    'gives examples of %s that are valid',
    (_, { example, body, answer }) => {
      if (example.body !== undefined) expect(body.safeParse(example.body).error).toBeUndefined();
      if (example.answer !== undefined) expect(answer.schema.safeParse(example.answer).error).toBeUndefined();
    },
  );
});

describe('what is answered', () => {
  /** Everything that the table says of a good answer. */
  const expectAsDocumented = ({ status, headers, body }: Answer, operation: Operation) => {
    const { answer } = operation;
    expect({ id: operation.id, status, body }).toMatchObject({ status: answer.status });
    expect(answer.schema.safeParse(status === 204 ? undefined : body).error).toBeUndefined();
    if (status === 204) expect(body).toBe('');
    else expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(headers.get('cache-control')).toBe('private, no-store');
    if (operation.conditional && operation.method !== 'delete') expect(headers.get('etag')).toMatch(/^"\d+"$/);
    if (operation.method !== 'get' && operation.tag !== 'Sessions') {
      expect(headers.get('consistency-token')).toMatch(/^[\w-]+\.\d+$/);
    }
  };

  it('has the documented shape, for every operation', async () => {
    const { request } = tidemark;
    const seen = new Set<string>(['setUp']);
    const call = async (operation: Operation, path: string, token?: string, body?: unknown) => {
      const answer = await request(operation.method.toUpperCase(), path, { token, body });
      expectAsDocumented(answer, operation);
      seen.add(operation.id);
      return answer.body;
    };
    const { token } = admin;
    const email = 'shape@example.com';
    const { id } = await call(userOperations.createUser, '/v1/users', undefined, { email, password, name: 'Shape' });
    const session = await call(sessionOperations.signIn, '/v1/sessions', undefined, { email, password });
    const { refreshToken } = session;
    const own = (await call(sessionOperations.refreshSession, '/v1/sessions/refresh', undefined, { refreshToken }))
      .accessToken;
    await eventually(async () => (await request('GET', '/v1/me', { token: own })).status === 200);
    await call(userOperations.getMe, '/v1/me', own);
    await call(userOperations.getUser, `/v1/users/${id}`, token);
    await call(userOperations.changeMe, '/v1/me', own, { name: 'Shaped' });
    await call(userOperations.changeUser, `/v1/users/${id}`, token, { name: 'Shape' });
    await call(userOperations.listUsers, '/v1/users?limit=2', token);
    await call(userOperations.grantAdmin, `/v1/admins/${id}`, token);
    await call(userOperations.revokeAdmin, `/v1/admins/${id}`, token);
    await eventually(async () => (await request('GET', '/v1/prices/BTCUSDT', { token: own })).status === 200);
    await call(priceOperations.getPrice, '/v1/prices/btcusdt', own);
    await call(priceOperations.listPrices, '/v1/prices', own);
    await call(priceOperations.listCandles, '/v1/prices/BTCUSDT/candles?limit=3', own);
    await call(priceOperations.getDashboard, '/v1/dashboard', own);
    await call(sessionOperations.signOut, '/v1/sessions/current', own);
    const again = await tidemark.signIn(email);
    await call(userOperations.deleteMe, '/v1/me', again.token);
    const other = await tidemark.member('other@example.com');
    await call(userOperations.deleteUser, `/v1/users/${other.id}`, token);
    expect([...seen].sort()).toEqual(operations.map((operation) => operation.id).sort());
  });

  /** Values like the ones that are asked for, and values of any other kind. */
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.constantFrom('ann@example.com', password, 'Ann', null, [], {}),
    fc.emailAddress(),
  );
  const fields = fc.constantFrom('email', 'password', 'name', 'refreshToken', 'token', '__proto__', 'constructor', 'x');
  const body = fc.oneof(
    { weight: 4, arbitrary: fc.dictionary(fields, value, { maxKeys: 5 }).map((each) => JSON.stringify(each)) },
    { weight: 1, arbitrary: fc.json() },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  );
  const segment = fc.oneof(
    fc.uuid(),
    fc.constantFrom('BTCUSDT', 'me', '..', '%', '%00', '\u202e'),
    fc.string({ minLength: 1, maxLength: 20 }),
  );
  const query = fc.dictionary(fc.constantFrom('limit', 'cursor', 'email', 'from', 'to', 'x'), fc.string(), {
    maxKeys: 2,
  });
  /** What Node lets through as the value of a header. */
  const headerValue = fc.stringMatching(/^[\x20-\x7e\xa0-\xff]{0,40}$/);
  const headers = fc.dictionary(
    fc.constantFrom('if-match', 'idempotency-key', 'consistency-token', 'content-type', 'traceparent', 'authorization'),
    headerValue,
    { maxKeys: 1 },
  );

  // Signing out would only make every later request a 401.
  const fuzzed = operations.filter(({ id }) => id !== 'signOut');
  it.each(fuzzed.map((operation) => [operation.id, operation] as const))(
    'is one of the documented statuses, whatever %s is asked',
    async (_, operation) => {
      const { path, method } = operation;
      const documented = Object.keys(document.paths[path][method].responses);
      const request = fc.record({ body, segment, query, headers, who: fc.constantFrom('admin', 'member', 'nobody') });
      await fc.assert(
        fc.asyncProperty(request, async ({ who, ...given }) => {
          const { admin: root, member: one } = { admin, member };
          const token = { admin: root.token, member: one.token, nobody: undefined }[who];
          // The member stays, so that the next one is not a 401 too.
          if (operation.id === 'deleteMe' && who === 'member') return;
          const filled = path.replace(/\{\w+\}/, () => encodeURIComponent(given.segment));
          const answer = await rawRequest(tidemark.url, {
            method: method.toUpperCase(),
            path: `${filled}?${new URLSearchParams(given.query)}`,
            headers: [
              ...Object.entries({ authorization: token && `Bearer ${token}`, ...given.headers }).flatMap(
                ([name, text]) => (text === undefined ? [] : [name, text]),
              ),
            ],
            ...(method !== 'get' && { body: given.body }),
          });
          if (answer.status < 400) return expectAsDocumented(answer, operation);
          expectProblem(answer);
          expect(answer.status).not.toBe(500);
          expect(documented).toContain(String(answer.status));
          const description = document.paths[path][method].responses[answer.status].description;
          expect(description).toContain(`\`${answer.body.code}\``);
        }),
        { numRuns: 40 },
      );
      expect(Object.keys(Object.prototype)).toEqual([]);
    },
    30_000,
  );

  it('says of nothing that happened here that it was our fault', () => {
    expect(tidemark.logged()).not.toContain('request failed');
  });
});

describe('the pages', () => {
  it('show the documentation from own files only', async () => {
    const page = await tidemark.request('GET', '/docs');
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    const links = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string);
    expect(links.length).toBeGreaterThanOrEqual(3);
    expect(page.body).not.toMatch(/<script>|style=|https?:|"\/\//);
    for (const link of links) {
      expect(link).toMatch(/^\/docs\//);
      const file = await tidemark.request('GET', link);
      expect(file.status).toBe(200);
      expect(file.headers.get('content-type')).toMatch(/^text\/(javascript|css)/);
    }
    expect((await tidemark.request('GET', '/docs/start.js')).body).toContain("url: '/openapi.json'");
  });

  const behindGateway = process.env.SHAPE === 'distributed';
  const byTheAppAlone = behindGateway ? [] : ['/x%E0%A4%A', '/metrics'];
  it.each(['/v1/me', '/v1/nothing', '/nothing', '/docs', '/openapi.json', '/livez', ...byTheAppAlone])(
    'and answers of %s carry the security headers',
    async (path) => {
      const { headers } = await rawRequest(tidemark.url, { path });
      const csp = headers.get('content-security-policy')!;
      expect(csp).toContain("default-src 'self'");
      expect(csp).toContain("script-src 'self'");
      expect(csp).toContain("frame-ancestors 'none'");
      expect(csp.includes("script-src 'self' 'unsafe-inline'")).toBe(false);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-powered-by')).toBeNull();
    },
  );

  // Elsewhere nobody could tell when it is ready.
  (behindGateway ? it.skip : it)('and the operations can be closed', async () => {
    const closed = await startTidemark({ environment: { DOCS: 'closed', OPERATIONS: 'closed' } });
    try {
      for (const path of ['/docs', '/docs/start.js', '/docs/swagger-ui.css', '/openapi.json']) {
        expectProblem(await closed.request('GET', path), 'route-not-found');
      }
      for (const path of ['/livez', '/readyz', '/metrics']) {
        expectProblem(await closed.request('GET', path), 'route-not-found');
      }
      expect((await closed.request('GET', '/.well-known/jwks.json')).status).toBe(200);
    } finally {
      await closed.stop();
    }
  });
});
