import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  type JWTHeaderParameters,
  jwtVerify,
  SignJWT,
} from 'jose';
import { loadSecrets } from '../runtime/secrets.ts';
import { expectProblem } from '../test/support/expect-problem.ts';
import { openVault } from '../test/support/open-vault.ts';
import { rawRequest } from '../test/support/raw-request.ts';
import { type Person, type RunningTidemark, startTidemark } from '../test/support/standalone.ts';
import { AccessTokens } from './access-tokens.ts';
import type { Caller } from './route.ts';

let tidemark: RunningTidemark;
let person: Person;
let kid: string;
let signingKey: ReturnType<typeof createPrivateKey>;
beforeAll(async () => {
  tidemark = await startTidemark();
  person = await tidemark.member('ann@example.com');
  kid = decodeProtectedHeader(person.token).kid!;
  const { vault, close } = await openVault(tidemark.path);
  signingKey = createPrivateKey((await loadSecrets(vault)).signingKey);
  await close();
});
afterAll(() => tidemark.stop());

const read = (...headers: string[]) => rawRequest(tidemark.url, { path: '/v1/prices', headers });
const readWith = (token: string) => read('authorization', `Bearer ${token}`);

const nowSeconds = () => Math.floor(Date.now() / 1_000);
type Wishes = { header?: Partial<JWTHeaderParameters>; claims?: object; key?: Parameters<SignJWT['sign']>[0] };
/** What we would give out, but for what is wished. */
const forge = ({ header = {}, claims = {}, key = signingKey }: Wishes = {}): Promise<string> => {
  const { sub, sid } = decodeJwt(person.token);
  const good = { sub, sid, iss: 'tidemark', aud: 'tidemark', iat: nowSeconds(), exp: nowSeconds() + 600, ...claims };
  return new SignJWT(JSON.parse(JSON.stringify(good)))
    .setProtectedHeader({ alg: 'ES256', kid, typ: 'at+jwt', ...header })
    .sign(key);
};
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

it('accepts what it would give out', async () => {
  expect((await readWith(await forge())).status).toBe(200);
  expect((await readWith(person.token)).status).toBe(200);
});

const otherKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const publicPem = () => createPublicKey(signingKey).export({ type: 'spki', format: 'pem' }) as string;
const forgeries: readonly (readonly [string, () => Promise<string> | string])[] = [
  [
    'without a signature (alg none)',
    () => `${encode({ alg: 'none', kid, typ: 'at+jwt' })}.${person.token.split('.')[1]}.`,
  ],
  ['with its signature cut off', () => `${person.token.split('.').slice(0, 2).join('.')}.`],
  ['signed with the public key (HS256)', () => forge({ header: { alg: 'HS256' }, key: Buffer.from(publicPem()) })],
  [
    'signed with the public key, called ES256',
    async () => {
      const token = await forge({ header: { alg: 'HS256' }, key: Buffer.from(publicPem()) });
      return [encode({ alg: 'ES256', kid, typ: 'at+jwt' }), ...token.split('.').slice(1)].join('.');
    },
  ],
  ['signed with another key', () => forge({ key: otherKey })],
  [
    'that brings its own key',
    () => forge({ key: otherKey, header: { jwk: createPublicKey(otherKey).export({ format: 'jwk' }) } as object }),
  ],
  ['with another kid', () => forge({ header: { kid: 'another' } })],
  ['with a kid like a path', () => forge({ header: { kid: '../../dev/null' } })],
  ['without a kid', () => forge({ header: { kid: undefined as unknown as string } })],
  ['of another type', () => forge({ header: { typ: 'JWT' } })],
  ['of no type', () => forge({ header: { typ: undefined as unknown as string } })],
  ['for another audience', () => forge({ claims: { aud: 'another' } })],
  ['for no audience', () => forge({ claims: { aud: undefined } })],
  ['of another issuer', () => forge({ claims: { iss: 'another' } })],
  ['that has expired', () => forge({ claims: { exp: nowSeconds() - 1 } })],
  ['that never expires', () => forge({ claims: { exp: undefined } })],
  ['that holds from tomorrow on', () => forge({ claims: { nbf: nowSeconds() + 86_400 } })],
  ['of no session that there is', () => forge({ claims: { sid: randomUUID() } })],
  ['without a session', () => forge({ claims: { sid: undefined } })],
  ['of a user who is none', () => forge({ claims: { sub: 'admin' } })],
  [
    'with changed claims',
    () => {
      const [header, , signature] = person.token.split('.');
      return [header, encode({ ...decodeJwt(person.token), sub: randomUUID() }), signature].join('.');
    },
  ],
  ['that is a refresh token', () => person.refreshToken],
  ['of rubbish', () => 'a.b.c'],
  ['of dots', () => '..'],
  ['of half a megabyte less the limit', () => 'x'.repeat(12_000)],
];
it.each(forgeries)('refuses a token %s', async (_, token) => {
  const answer = await readWith(await token());
  expectProblem(answer, 'not-authenticated');
  expect(answer.headers.get('www-authenticate')).toBe('Bearer');
});

it('refuses a request without a token, with a broken header, and with two', async () => {
  const good = `Bearer ${person.token}`;
  const bad: readonly string[][] = [
    [],
    ['authorization', ''],
    ['authorization', 'Bearer'],
    ['authorization', 'Bearer '],
    ['authorization', person.token],
    ['authorization', `Basic ${person.token}`],
    ['authorization', `${good} ${person.token}`],
    ['authorization', `${good}, ${good}`],
    ['authorization', good, 'authorization', good],
    ['authorization', good, 'Authorization', 'Bearer other'],
    ['authorization', `Bearer "${person.token}"`],
  ];
  for (const headers of bad) {
    const answer = await read(...headers);
    expectProblem(answer, 'not-authenticated');
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
  }
});

it('takes the scheme in any case (RFC 9110 §11.1)', async () => {
  for (const scheme of ['bearer', 'BEARER'])
    expect((await read('authorization', `${scheme} ${person.token}`)).status).toBe(200);
});

it('takes no token from anywhere else', async () => {
  const { token } = person;
  expectProblem(await read('cookie', `access_token=${token}`), 'not-authenticated');
  expectProblem(await read('x-access-token', token), 'not-authenticated');
  for (const name of ['access_token', 'token', 'auth_token']) {
    const answer = await rawRequest(tidemark.url, { path: `/v1/prices?${name}=${token}` });
    expectProblem(answer, 'not-authenticated');
  }
});

it('looks at no token where nobody asks who', async () => {
  const { refreshToken } = await tidemark.signIn(person.email);
  const token = await forge({ claims: { exp: nowSeconds() - 1 } });
  const answer = await tidemark.request('POST', '/v1/sessions/refresh', { token, body: { refreshToken } });
  expect(answer.status).toBe(200);
});

it('shows other services the public key, and nothing else, to check tokens with', async () => {
  const { status, body } = await tidemark.request('GET', '/.well-known/jwks.json');
  expect(status).toBe(200);
  expect(body).toEqual({
    keys: [{ kty: 'EC', crv: 'P-256', x: expect.any(String), y: expect.any(String), kid, alg: 'ES256', use: 'sig' }],
  });
  const keys = createLocalJWKSet(body);
  const options = { issuer: 'tidemark', audience: 'tidemark', typ: 'at+jwt', algorithms: ['ES256'] };
  const { payload } = await jwtVerify(person.token, keys, options);
  expect(payload).toMatchObject({ sub: person.id, exp: payload.iat! + 600, jti: expect.any(String) });
  expect(Object.keys(payload).sort()).toEqual(['aud', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub']);
  await expect(jwtVerify(await forge({ key: otherKey }), keys, options)).rejects.toThrow(
    'signature verification failed',
  );
});

describe('a token that was checked', () => {
  const userId = randomUUID();
  const sessionId = randomUUID();
  const newTokens = async (lives: (tokens: AccessTokens, caller: Caller) => void = () => {}) => {
    const tokens: AccessTokens = await AccessTokens.open({
      signingKey: otherKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      issuer: 'tidemark',
      audience: 'tidemark',
      lives: async (caller) => {
        lives(tokens, caller);
        return true;
      },
    });
    return { tokens, token: await tokens.issue(userId, sessionId) };
  };

  it('is remembered until its session or user is gone', async () => {
    const { tokens, token } = await newTokens();
    for (const evict of [() => tokens.evictSession(sessionId), () => tokens.evictUser(userId)]) {
      await tokens.verify(token);
      tokens.evictSession(randomUUID());
      tokens.evictUser(randomUUID());
      expect(tokens.remembered(token)).toMatchObject({ userId, sessionId });
      evict();
      expect(tokens.remembered(token)).toBeUndefined();
    }
  });

  it.each<[string, (tokens: AccessTokens, caller: Caller) => void]>([
    ['session', (tokens, caller) => tokens.evictSession(caller.sessionId)],
    ['user', (tokens, caller) => tokens.evictUser(caller.userId)],
  ])('is not remembered when its %s went during the check', async (_, evict) => {
    const { tokens, token } = await newTokens(evict);
    await tokens.verify(token);
    expect(tokens.remembered(token)).toBeUndefined();
  });
});
