import { z } from 'zod';
import { getMe, getUser, listUsers } from '../../contracts/http/user-operations.ts';
import { type Endpoint, type Route, signedIn } from '../../http/route.ts';
import { cursorOf, keyIn } from '../key-cursor.ts';
import type { UserReader } from './user-reader.ts';

const isUserId = (key: string): boolean => z.uuid().safeParse(key).success;

/** `addressKeyOf` names an email address as the view's index does. */
export const userRoutes = (
  endpoint: Endpoint,
  users: UserReader,
  addressKeyOf: (email: string) => string,
): readonly Route[] => [
  endpoint(getUser, async ({ params, minimum }) => {
    const { user, ...reply } = await users.read(params.id.toLowerCase(), minimum);
    return { body: user, ...reply };
  }),

  endpoint(getMe, async ({ caller, minimum }) => {
    const { user, ...reply } = await users.read(signedIn({ caller }).userId, minimum);
    return { body: user, ...reply };
  }),

  endpoint(listUsers, async ({ query: { limit, cursor, email }, minimum }) => {
    const after = keyIn(cursor, isUserId);
    const where = email === undefined ? undefined : { field: 'addressKey', equals: addressKeyOf(email) };
    const { users: found, position } = await users.list({ where, after, limit: limit + 1 }, minimum);
    const items = found.slice(0, limit);
    return { body: { items, nextCursor: found.length > limit ? cursorOf(items.at(-1)!.id) : null }, position };
  }),
];
