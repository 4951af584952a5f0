import { z } from 'zod';
import { operation, page } from './operation.ts';

const Id = z.uuid();
/** In a path: RFC 9562 §4 takes both cases, streams and views are named in lower case. */
const PathId = Id.toLowerCase();
const byId = z.strictObject({ id: PathId });

/** No control characters and no bidirectional overrides: what they do to a log or a page is nobody's name. */
const printable = /^[^\p{Cc}\p{Cs}\p{Co}\p{Cn}\u202a-\u202e\u2066-\u2069]*$/u;
export const Name = z
  .string()
  .transform((name) => name.normalize('NFC').trim())
  .pipe(z.string().min(1).max(100).regex(printable, 'must not contain control characters'));
export const Email = z
  .string()
  .max(254)
  .transform((email) => email.normalize('NFC').trim())
  .pipe(
    z
      .string()
      .max(254)
      .regex(z.regexes.unicodeEmail, { error: 'must be an email address', abort: true })
      // A path, a port or an escape after the domain would be dropped where addresses are compared.
      .regex(/@[\p{L}\p{M}\p{N}.-]*[\p{L}\p{M}\p{N}]$/u, 'must be an email address')
      .regex(printable, 'must be an email address'),
  );
/** ASVS 5.0 §6.2: length counts, not the kinds of characters. */
export const Password = z.string().min(12).max(128);

export const User = z.object({
  id: Id,
  email: z.string(),
  name: z.string(),
  role: z.enum(['member', 'admin']),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export type User = z.output<typeof User>;

const example: User = {
  id: '0195c1d0-6f3a-7c2e-9b44-0c6f1f2f6f10',
  email: 'ann@example.com',
  name: 'Ann',
  role: 'member',
  createdAt: '2026-01-05T10:00:00.000Z',
  updatedAt: '2026-01-05T10:00:00.000Z',
};
const ok = { status: 200, schema: User, description: 'The user' };
const gone = { status: 204, schema: z.undefined(), description: 'Done' };
const changes = z.strictObject({ name: Name.optional(), email: Email.optional() });
const newUser = z.strictObject({ email: Email, password: Password, name: Name });

export const createUser = operation({
  id: 'createUser',
  tag: 'Users',
  summary: 'Register, or create somebody else as an admin',
  method: 'post',
  path: '/v1/users',
  allow: 'visitor-or-admin',
  body: newUser,
  answer: { status: 201, schema: User, description: 'The new user' },
  idempotent: true,
  errors: ['email-taken', 'email-undecided', 'registration-abandoned', 'busy'],
  example: { body: { email: 'ann@example.com', password: 'twelve characters or more', name: 'Ann' }, answer: example },
});

export const getUser = operation({
  id: 'getUser',
  tag: 'Users',
  summary: 'Read a user',
  method: 'get',
  path: '/v1/users/{id}',
  allow: 'self-or-admin',
  params: byId,
  answer: ok,
  errors: ['user-not-found'],
  example: { answer: example },
});

export const getMe = operation({
  ...getUser,
  id: 'getMe',
  summary: 'Read yourself',
  path: '/v1/me',
  params: z.strictObject({}),
});

export const changeUser = operation({
  id: 'changeUser',
  tag: 'Users',
  summary: 'Change name or email',
  description: 'JSON merge patch (RFC 7396): what is absent stays. Neither field can be removed.',
  method: 'patch',
  path: '/v1/users/{id}',
  allow: 'self-or-admin',
  params: byId,
  body: changes,
  answer: ok,
  conditional: true,
  errors: ['user-not-found', 'email-taken', 'email-undecided'],
  example: { body: { name: 'Ann Lee' }, answer: { ...example, name: 'Ann Lee' } },
});

export const changeMe = operation({
  ...changeUser,
  id: 'changeMe',
  summary: 'Change yourself',
  path: '/v1/me',
  params: z.strictObject({}),
});

export const deleteUser = operation({
  id: 'deleteUser',
  tag: 'Users',
  summary: 'Delete a user and everything personal about them',
  method: 'delete',
  path: '/v1/users/{id}',
  allow: 'self-or-admin',
  params: byId,
  answer: gone,
  conditional: true,
  errors: ['user-not-found', 'admin-must-step-down'],
});

export const deleteMe = operation({
  ...deleteUser,
  id: 'deleteMe',
  summary: 'Delete yourself',
  path: '/v1/me',
  params: z.strictObject({}),
});

export const listUsers = operation({
  id: 'listUsers',
  tag: 'Users',
  summary: 'List users, the oldest first',
  method: 'get',
  path: '/v1/users',
  allow: 'admin',
  query: z.strictObject({
    limit: z.coerce.number().int().min(1).max(200).default(50),
    cursor: z.string().max(200).optional(),
    email: Email.optional(),
  }),
  answer: { status: 200, schema: page(User), description: 'A page of users' },
  errors: ['bad-cursor'],
  example: { answer: { items: [example], nextCursor: null } },
});

const byUserId = z.strictObject({ userId: PathId });

export const grantAdmin = operation({
  id: 'grantAdmin',
  tag: 'Admins',
  summary: 'Make a user an admin',
  method: 'put',
  path: '/v1/admins/{userId}',
  allow: 'admin',
  params: byUserId,
  answer: gone,
  errors: ['user-not-found', 'busy'],
});

export const revokeAdmin = operation({
  id: 'revokeAdmin',
  tag: 'Admins',
  summary: 'Make an admin a member again',
  method: 'delete',
  path: '/v1/admins/{userId}',
  allow: 'admin',
  params: byUserId,
  answer: gone,
  errors: ['user-not-found', 'last-admin', 'busy'],
});

export const setUp = operation({
  id: 'setUp',
  tag: 'Setup',
  summary: 'Make the first admin',
  description: 'Takes the token that the first start printed. May be repeated until it has succeeded once.',
  method: 'post',
  path: '/v1/setup',
  allow: 'anyone',
  body: z.strictObject({ token: z.string().min(1).max(200), ...newUser.shape }),
  answer: { status: 201, schema: User, description: 'The first admin' },
  errors: ['bad-setup-token', 'setup-done', 'email-taken', 'email-undecided', 'registration-abandoned', 'busy'],
  example: {
    body: {
      token: 'as printed at the first start',
      email: 'root@example.com',
      password: 'twelve characters or more',
      name: 'Root',
    },
    answer: { ...example, email: 'root@example.com', name: 'Root', role: 'admin' },
  },
});
