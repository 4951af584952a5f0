import { DomainError } from '../contracts/errors.ts';

/** Where a page ended, in a form that clients have no reason to look into. */
export const cursorOf = (key: string): string => Buffer.from(key).toString('base64url');

/**
 * The key in a cursor.
 * @throws DomainError 'bad-cursor' when `belongs` says that the list has no such keys, or we would have written it otherwise
 */
export const keyIn = (cursor: string | undefined, belongs: (key: string) => boolean): string | undefined => {
  if (cursor === undefined) return undefined;
  const key = Buffer.from(cursor, 'base64url').toString();
  if (cursorOf(key) !== cursor || !belongs(key)) throw new DomainError('bad-cursor');
  return key;
};
