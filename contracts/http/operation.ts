import { z } from 'zod';
import type { ErrorCode } from '../errors.ts';

/**
 * `anyone`: nobody asks who, and no token is looked at, so that an old one that a client sends along does no harm.
 * `visitor-or-admin`: without a token, or as an admin.
 */
export type Allow = 'anyone' | 'visitor-or-admin' | 'user' | 'self-or-admin' | 'admin';

/** One HTTP operation as data. Routing, validation, authorisation and OpenAPI all come from it. */
export interface Operation<
  Params extends z.ZodType = z.ZodType,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
  Answer extends z.ZodType = z.ZodType,
> {
  readonly id: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** With `{name}` for each parameter. */
  readonly path: string;
  /** `self-or-admin` compares the parameter `id` with the caller; an operation without one means the caller. */
  readonly allow: Allow;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly answer: { readonly status: number; readonly schema: Answer; readonly description: string };
  /** Takes an Idempotency-Key: a repeat within 24 hours is answered as the first. */
  readonly idempotent: boolean;
  /** Takes If-Match and answers an ETag. */
  readonly conditional: boolean;
  /** What it can fail with, beside what every operation of its kind can. */
  readonly errors: readonly ErrorCode[];
  readonly example: { readonly body?: z.input<Body>; readonly answer?: z.input<Answer> };
}

const nothing = z.strictObject({});
const noBody = z.undefined();
type Nothing = typeof nothing;
type NoBody = typeof noBody;

type Given<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType, Answer extends z.ZodType> = Pick<
  Operation<Params, Query, Body, Answer>,
  'id' | 'tag' | 'summary' | 'method' | 'path' | 'allow' | 'answer'
> &
  Partial<Operation<Params, Query, Body, Answer>>;

/** An operation; what it does not name, it does not take. */
export const operation = <
  Answer extends z.ZodType,
  Params extends z.ZodType = Nothing,
  Query extends z.ZodType = Nothing,
  Body extends z.ZodType = NoBody,
>(
  given: Given<Params, Query, Body, Answer>,
): Operation<Params, Query, Body, Answer> => ({
  params: nothing as unknown as Params,
  query: nothing as unknown as Query,
  body: noBody as unknown as Body,
  idempotent: false,
  conditional: false,
  errors: [],
  example: {},
  ...given,
});

/** One page of a list, and where the next begins. */
export const page = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });
