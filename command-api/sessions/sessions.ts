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
/** Sessions that are over, but of which not everybody has been told. */
const endings = 'ending-sessions';
const lifetimeMs = 30 * 24 * 3_600_000;
/** Two tabs that refresh at once are one holder, not a thief. */
const graceMs = 10_000;
/** Whoever is just ending a session has done it by then. */
const unfinishedMs = 10_000;
const batch = 500;

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
    const { sessionId, userId, usedAtMs } = kept.value as RefreshToken;
    if (usedAtMs !== undefined && Date.now() - usedAtMs >= graceMs) {
      await this.end(userId, sessionId, 'refresh-token-reused', metadata);
      throw new DomainError('bad-refresh-token');
    }
    if (!(await this.lives({ sessionId, userId }))) throw new DomainError('bad-refresh-token');
    const next = await this.#newToken({ sessionId, userId });
    // Last, so that who fails before, and comes again when the stores are back, is no thief.
    if (usedAtMs === undefined) await this.#markUsed(kept);
    return { sessionId, userId, refreshToken: next };
  }

  /**
   * Ends the session and tells every process, so that its access tokens and sockets end too. May be repeated; what fails
   * behind the first step is finished by `finishEndings`.
   */
  async end(userId: string, sessionId: string, reason: SecurityCommand['reason'], metadata: Metadata): Promise<void> {
    await this.#vault.insert(endings, sessionId, { userId, reason }, { subject: userId });
    await this.#vault.remove(sessions, sessionId);
    await this.#tell(userId, sessionId, reason, metadata);
  }

  /** Tells of the sessions that ended before `before` and of which nobody could be told then. */
  async finishEndings(before: Date = new Date(Date.now() - unfinishedMs), signal?: AbortSignal): Promise<void> {
    for (const { id, value } of await this.#vault.list(endings, before, batch)) {
      if (signal?.aborted) return;
      const { userId, reason } = value as { userId: string; reason: SecurityCommand['reason'] };
      const commandId = eventId(id, 'finish', 0);
      await this.#vault.remove(sessions, id);
      await this.#tell(userId, id, reason, { actor: 'sweeper', commandId, correlationId: commandId });
    }
  }

  async #tell(userId: string, sessionId: string, reason: SecurityCommand['reason'], metadata: Metadata): Promise<void> {
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
    await this.#vault.remove(endings, sessionId);
  }

  async #markUsed({ id, version, value }: VaultRecord): Promise<void> {
    const token = value as RefreshToken;
    const used = { ...token, usedAtMs: Date.now() };
    // Where another request was faster, it was just now.
    await this.#vault.replace(refreshTokens, id, version, used, { subject: token.userId, expiresAt: expiry() });
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
