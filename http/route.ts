import type { RequestHandler } from 'express';
import type { z } from 'zod';
import { DomainError } from '../contracts/errors.ts';
import type { Operation } from '../contracts/http/operation.ts';
import type { Metadata, Position } from '../contracts/ports/event-store.ts';

/** Who asks, as a verified access token says. */
export interface Caller {
  readonly userId: string;
  readonly sessionId: string;
  readonly expiresAtMs: number;
}

/** A request that was let in and is valid. */
export interface Call<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** Never there when the operation is open to anyone, perhaps when it is to visitors, always else. */
  readonly caller: Caller | undefined;
  /** The revision in If-Match. */
  readonly expected: number | undefined;
  /** The position in Consistency-Token: what is answered must not be older. */
  readonly minimum: Position | undefined;
  /** For commands: the same for a request that is repeated with its Idempotency-Key. */
  readonly metadata: Metadata;
  /** An id (UUIDv7) for the thing that the request makes: the same for a repeat. */
  readonly newId: string;
  /** Of the client, for limits. */
  readonly address: string;
}

export interface Reply {
  /** JSON. */
  readonly body?: unknown;
  /** Ready JSON, instead of `body`. */
  readonly bytes?: string | Buffer;
  /** Becomes the ETag. */
  readonly revision?: number | undefined;
  /** Becomes the Consistency-Token. */
  readonly position?: Position | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whose personal data the answer holds: a kept answer goes with them. */
  readonly subject?: string | undefined;
}

export interface Route {
  readonly operation: Operation;
  readonly handler: RequestHandler;
}

/** Turns an operation and what answers it into a route that authenticates, authorises, validates and answers. */
export type Endpoint = <
  Params extends z.ZodType,
  Query extends z.ZodType,
  Body extends z.ZodType,
  Answer extends z.ZodType,
>(
  operation: Operation<Params, Query, Body, Answer>,
  respond: (call: Call<z.output<Params>, z.output<Query>, z.output<Body>>) => Promise<Reply>,
) => Route;

/** @throws DomainError 'not-authenticated' */
export const signedIn = ({ caller }: { readonly caller: Caller | undefined }): Caller => {
  if (!caller) throw new DomainError('not-authenticated');
  return caller;
};
