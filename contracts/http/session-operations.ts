import { z } from 'zod';
import { operation } from './operation.ts';
import { User } from './user-operations.ts';

const Tokens = z.object({
  accessToken: z.string(),
  refreshToken: z.string(),
  tokenType: z.literal('Bearer'),
  expiresInSeconds: z.int(),
});
const tokens: z.input<typeof Tokens> = {
  accessToken: 'eyJhbGciOiJFUzI1NiIs…',
  refreshToken: '4uQ1f…',
  tokenType: 'Bearer',
  expiresInSeconds: 600,
};

export const signIn = operation({
  id: 'signIn',
  tag: 'Sessions',
  summary: 'Sign in',
  method: 'post',
  path: '/v1/sessions',
  allow: 'anyone',
  body: z.strictObject({ email: z.string().max(254), password: z.string().max(128) }),
  answer: { status: 201, schema: Tokens.extend({ user: User }), description: 'A session' },
  errors: ['bad-credentials', 'too-many-attempts', 'busy'],
  example: { body: { email: 'ann@example.com', password: 'twelve characters or more' } },
});

export const refreshSession = operation({
  id: 'refreshSession',
  tag: 'Sessions',
  summary: 'Exchange the refresh token for new tokens',
  description: 'Each refresh token works once. Using one again, but for a short grace, ends the session.',
  method: 'post',
  path: '/v1/sessions/refresh',
  allow: 'anyone',
  body: z.strictObject({ refreshToken: z.string().max(200) }),
  answer: { status: 200, schema: Tokens, description: 'New tokens' },
  errors: ['bad-refresh-token'],
  example: { body: { refreshToken: tokens.refreshToken }, answer: tokens },
});

export const signOut = operation({
  id: 'signOut',
  tag: 'Sessions',
  summary: 'Sign out: ends this session, its tokens and its sockets',
  method: 'delete',
  path: '/v1/sessions/current',
  allow: 'user',
  answer: { status: 204, schema: z.undefined(), description: 'Done' },
});
