import { createPrivateKey, createPublicKey, type KeyObject, randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import { calculateJwkThumbprint, exportJWK, type JWK, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { Passport } from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { z } from 'zod';
import { DomainError } from '../contracts/errors.ts';
import type { Caller } from './route.ts';

export const accessTokenSeconds = 600;
const algorithm = 'ES256';
/** RFC 9068 §2.1: so that no other kind of token of ours is taken for an access token. */
const tokenType = 'at+jwt';

const Claims = z.object({ sub: z.uuid(), sid: z.uuid(), exp: z.int() });

export interface AccessTokenOptions {
  /** PKCS #8 PEM, EC P-256. */
  readonly signingKey: string;
  readonly issuer: string;
  readonly audience: string;
  /** Whether the session and its user still are: asked once for each token. */
  readonly lives: (caller: Caller) => Promise<boolean>;
}

/**
 * Gives out and accepts access tokens. This is the only place that accepts them: passport-jwt checks each once, and it
 * is remembered until it expires or `evict…` says that its session or user is gone.
 */
export class AccessTokens {
  readonly #privateKey: KeyObject;
  readonly #keyId: string;
  readonly #options: AccessTokenOptions;
  readonly #passport = new Passport();
  readonly #known = new LRUCache<string, Caller>({ max: 10_000 });
  /** Rises with every eviction: a check that ran meanwhile is not remembered. */
  #evictions = 0;
  /** RFC 7517: the keys that tokens of this installation can be checked with. */
  readonly jwks: { readonly keys: readonly JWK[] };

  private constructor(options: AccessTokenOptions, privateKey: KeyObject, publicKey: KeyObject, jwk: JWK) {
    this.#options = options;
    this.#privateKey = privateKey;
    this.#keyId = jwk.kid!;
    this.jwks = { keys: [jwk] };
    const strategy = new Strategy(
      {
        jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
        // A ready key: passport-jwt would parse a PEM again for every token.
        secretOrKeyProvider: (_, token, done) =>
          isOurs(token, this.#keyId) ? done(null, publicKey as unknown as Buffer) : done(new Error('another key')),
        algorithms: [algorithm],
        issuer: options.issuer,
        audience: options.audience,
      },
      (claims: unknown, done: (error: unknown, caller?: Caller | false) => void) => {
        const { data } = Claims.safeParse(claims);
        done(null, data ? { userId: data.sub, sessionId: data.sid, expiresAtMs: data.exp * 1000 } : false);
      },
    );
    this.#passport.use(strategy);
  }

  static async open(options: AccessTokenOptions): Promise<AccessTokens> {
    const privateKey = createPrivateKey(options.signingKey);
    const publicKey = createPublicKey(privateKey);
    const jwk = await exportJWK(publicKey);
    const kid = await calculateJwkThumbprint(jwk);
    return new AccessTokens(options, privateKey, publicKey, { ...jwk, kid, alg: algorithm, use: 'sig' });
  }

  /** An access token of this session, for ten minutes. */
  issue(userId: string, sessionId: string): Promise<string> {
    return new SignJWT({ sid: sessionId })
      .setProtectedHeader({ alg: algorithm, kid: this.#keyId, typ: tokenType })
      .setSubject(userId)
      .setIssuer(this.#options.issuer)
      .setAudience(this.#options.audience)
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime(`${accessTokenSeconds}s`)
      .sign(this.#privateKey);
  }

  /** The caller, when this token has been checked before and still holds. */
  remembered(token: string): Caller | undefined {
    const caller = this.#known.get(token);
    return caller && caller.expiresAtMs > Date.now() ? caller : undefined;
  }

  /** @throws DomainError 'not-authenticated' */
  async verify(token: string): Promise<Caller> {
    const known = this.remembered(token);
    if (known) return known;
    const evictions = this.#evictions;
    const caller = await this.#accept(token);
    if (!caller || !(await this.#options.lives(caller))) throw new DomainError('not-authenticated');
    if (evictions === this.#evictions) this.#known.set(token, caller);
    return caller;
  }

  evictSession(sessionId: string): void {
    this.#evict((caller) => caller.sessionId === sessionId);
  }

  evictUser(userId: string): void {
    this.#evict((caller) => caller.userId === userId);
  }

  #evict(gone: (caller: Caller) => boolean): void {
    this.#evictions++;
    for (const [token, caller] of this.#known.entries()) if (gone(caller)) this.#known.delete(token);
  }

  #accept(token: string): Promise<Caller | undefined> {
    return new Promise((resolve) => {
      const answer = (_: unknown, caller?: Caller | false | null) => resolve(caller || undefined);
      const request = { headers: { authorization: `Bearer ${token}` } } as Request;
      this.#passport.authenticate('jwt', { session: false }, answer)(request, {} as Response, () => resolve(undefined));
    });
  }
}

/** What the token's header says of itself, before anything is checked with a key. */
const isOurs = (token: string, keyId: string): boolean => {
  try {
    const header = JSON.parse(Buffer.from(token.split('.')[0]!, 'base64url').toString());
    return header.kid === keyId && header.typ === tokenType && header.alg === algorithm;
  } catch {
    return false;
  }
};
