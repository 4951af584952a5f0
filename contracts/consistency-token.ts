import { DomainError } from './errors.ts';
import type { Position } from './ports/event-store.ts';

/** How far a reader must be, or was: `<store id>.<position>`. */
export const consistencyToken = (storeId: string, position: Position): string => `${storeId}.${position}`;

/**
 * The position in a token of this store.
 * @throws DomainError 'bad-consistency-token', 'store-replaced'
 */
export const positionIn = (token: string, storeId: string): Position => {
  const [, store, digits] = /^([\w-]{1,64})\.(\d{1,19})$/.exec(token) ?? [];
  if (store === undefined || digits === undefined) throw new DomainError('bad-consistency-token');
  if (store !== storeId) throw new DomainError('store-replaced');
  return BigInt(digits);
};
