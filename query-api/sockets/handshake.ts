import { z } from 'zod';
import { positionIn } from '../../contracts/consistency-token.ts';
import { DomainError, isDomainError } from '../../contracts/errors.ts';
import type { Position } from '../../contracts/ports/event-store.ts';
import type { SocketProblem, SocketResync } from '../../contracts/sockets/notices.ts';

const Auth = z.object({ token: z.string().min(1).max(4_096), cursor: z.unknown().optional() });

/** Where a socket's notices begin: behind a position, or, when that is impossible, with a reason to read again. */
export type Start = { readonly behind: Position } | { readonly resync: SocketResync['reason'] } | 'now';

/**
 * What a client hands over when it connects: `{token, cursor?}`. The cursor is a Consistency-Token, or its position alone.
 * @throws DomainError 'not-authenticated', 'bad-cursor'
 */
export const readAuth = (auth: unknown, storeId: string): { readonly token: string; readonly start: Start } => {
  const { data } = Auth.safeParse(auth);
  if (!data) throw new DomainError('not-authenticated');
  return { token: data.token, start: startOf(data.cursor ?? undefined, storeId) };
};

const startOf = (cursor: unknown, storeId: string): Start => {
  if (cursor === undefined) return 'now';
  if (typeof cursor !== 'string') throw new DomainError('bad-cursor');
  if (/^\d{1,19}$/.test(cursor)) return { behind: BigInt(cursor) };
  try {
    return { behind: positionIn(cursor, storeId) };
  } catch (error) {
    if (isDomainError(error, 'store-replaced')) return { resync: 'store-replaced' };
    throw new DomainError('bad-cursor', { cause: error });
  }
};

export const problemFor = (error: unknown): SocketProblem => {
  const { code, title } = error instanceof DomainError ? error : new DomainError('internal');
  return { code, title };
};

/** What socket.io hands to the client as `connect_error`: the problem is its `data`. */
export const refusal = (error: unknown): Error => {
  const problem = problemFor(error);
  return Object.assign(new Error(problem.title), { data: problem });
};

/** Browsers name the page that connects; what is no browser names none and is held by its token alone. */
export const originAllowed = (
  origin: string | undefined,
  host: string | undefined,
  allowedOrigins: readonly string[],
): boolean => {
  if (origin === undefined || allowedOrigins.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
};
