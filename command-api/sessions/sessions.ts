import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { DomainError } from '../../contracts/errors.ts';
import { eventId } from '../../contracts/events/event-id.ts';
import { securityStream, userStream } from '../../contracts/events/stream-names.ts';
import type { EventStore, Metadata } from '../../contracts/ports/event-store.ts';
import type { Vault, VaultRecord } from '../../contracts/ports/vault.ts';
import { handle } from '../handle.ts';
import { type SecurityCommand, securityDecider } from './security.decider.ts';

const sessions = 'sessions';
const refreshTokens = 'refresh-tokens';
const lifetimeMs = 30 * 24 * 3_600_000;
/** Two tabs that refresh at once are one holder, not a thief. */
const graceMs = 10_000;

interface RefreshToken {
  readonly sessionId: string;
  readonly userId: string;
  readonly usedAtMs?: number;
}

export interface Session {
  readonly sessionId: string;
  readonly userId: string;
  readonly refreshToken: string;
}

/** Sign-ins, each with a family of refresh tokens that work once. Tokens are kept as hashes. */
export class Sessions {
  readonly #vault: Vault;
  readonly #store: EventStore;

  constructor(vault: Vault, store: EventStore) {
    this.#vault = vault;
    this.#store = store;
  }

  /** @throws DomainError 'bad-credentials' when the user has been deleted meanwhile */
  async start(userId: string): Promise<Session> {
    const sessionId = randomUUID();
    await this.#vault.insert(sessions, sessionId, { userId }, { subject: userId, expiresAt: expiry() });
    // A deletion removes the sessions that it finds: one that came just behind it must not stay.
    if (!(await this.lives({ sessionId, userId }))) {
      await this.#vault.remove(sessions, sessionId);
      throw new DomainError('bad-credentials');
    }
    return { sessionId, userId, refreshToken: await this.#newToken({ sessionId, userId }) };
  }

  /**
   * Whether the session has not ended and its user is there. A deletion is an event before the session is gone, so the
   * stream is asked too: nothing comes after it there.
   */
  async lives({ sessionId, userId }: Pick<Session, 'sessionId' | 'userId'>): Promise<boolean> {
    if ((await this.#vault.get(sessions, sessionId)) === undefined) return false;
    return (await this.#store.readLast(userStream(userId)))?.type !== 'user.deleted';
  }

  /**
   * Takes a refresh token and gives the next. One that was used before, but for a short grace, ends the session, since
   * two hold it.
   * @throws DomainError 'bad-refresh-token'
   */
  async refresh(refreshToken: string, metadata: Metadata): Promise<Session> {
    const kept = await this.#vault.get(refreshTokens, hashOf(refreshToken));
    if (!kept) throw new DomainError('bad-refresh-token');
    const { sessionId, userId } = kept.value as RefreshToken;
    if (!(await this.#use(kept))) {
      await this.end(userId, sessionId, 'refresh-token-reused', metadata);
      throw new DomainError('bad-refresh-token');
    }
    if (!(await this.lives({ sessionId, userId }))) throw new DomainError('bad-refresh-token');
    return { sessionId, userId, refreshToken: await this.#newToken({ sessionId, userId }) };
  }

  /** Ends the session and tells every process, so that its access tokens and sockets end too. May be repeated. */
  async end(userId: string, sessionId: string, reason: SecurityCommand['reason'], metadata: Metadata): Promise<void> {
    await this.#vault.remove(sessions, sessionId);
    const commandId = eventId(sessionId, 'end', 0);
    await handle(
      this.#store,
      securityDecider,
      securityStream(userId),
      { type: 'end-session', sessionId, reason },
      {
        ...metadata,
        commandId,
      },
    );
  }

  /** Whether the token may be used just now; marks it used. */
  async #use({ id, version, value }: VaultRecord): Promise<boolean> {
    const token = value as RefreshToken;
    if (token.usedAtMs !== undefined) return Date.now() - token.usedAtMs < graceMs;
    const used = { ...token, usedAtMs: Date.now() };
    // Where another request was faster, it was just now.
    await this.#vault.replace(refreshTokens, id, version, used, { subject: token.userId, expiresAt: expiry() });
    return true;
  }

  async #newToken(token: RefreshToken): Promise<string> {
    const text = randomBytes(32).toString('base64url');
    await this.#vault.insert(refreshTokens, hashOf(text), token, { subject: token.userId, expiresAt: expiry() });
    return text;
  }
}

const expiry = () => new Date(Date.now() + lifetimeMs);
/** A random token of 256 bits needs no slow hash. */
const hashOf = (token: string) => createHash('sha256').update(token).digest('base64url');
