import { randomBytes } from 'node:crypto';
import type { Tidemark } from '../composition/tidemark.ts';

export interface InventedUser {
  readonly role: 'admin' | 'member';
  readonly email: string;
  readonly password: string;
}

const newPassword = () => randomBytes(12).toString('base64url');
/** A few people, made the way any client would make them, in a fresh installation. */
export const inventUsers = async ({ url, setupToken }: Tidemark): Promise<readonly InventedUser[]> => {
  const post = async (path: string, body: object) => {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status} ${await response.text()}`);
  };
  const make = async (role: InventedUser['role'], name: string): Promise<InventedUser> => {
    const user = { role, email: `${name.toLowerCase()}@example.com`, password: newPassword() };
    const { email, password } = user;
    if (role === 'member') await post('/v1/users', { name, email, password });
    else await post('/v1/setup', { name, email, password, token: setupToken });
    return user;
  };
  return Promise.all([make('admin', 'Root'), make('member', 'Ann'), make('member', 'Bo')]);
};
