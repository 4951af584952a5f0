import { randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import { v7 as uuidv7 } from 'uuid';
import { z } from 'zod';
import { consistencyToken, positionIn } from '../contracts/consistency-token.ts';
import { DomainError } from '../contracts/errors.ts';
import type { Operation } from '../contracts/http/operation.ts';
import type { Metadata } from '../contracts/ports/event-store.ts';
import type { Log } from '../contracts/ports/log.ts';
import type { AdminRoster } from '../runtime/admins.ts';
import type { UnderWay } from '../runtime/under-way.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { IdempotentRequests, KeptAnswer } from './idempotency.ts';
import { knownError, problemAnswer } from './problem.ts';
import { bodyOf, idempotencyKeyIn, revisionIn, traceparentIn, valid } from './request-parts.ts';
import type { Call, Caller, Endpoint, Reply } from './route.ts';
import { securityHeaderLines } from './security-headers.ts';

export interface EndpointNeeds {
  readonly tokens: AccessTokens;
  readonly admins: AdminRoster;
  readonly idempotency: IdempotentRequests;
  readonly storeId: string;
  /** Told of every request, so that a stopping process can wait for them: a client that has gone leaves its request behind. */
  readonly underWay: UnderWay;
  /** How long a request may take. What takes longer is answered 503 and goes on: it may be done all the same. */
  readonly deadlineMs: number;
  readonly log: Log;
  /** Called once a request, when it has been answered. */
  readonly observe: (operation: string, status: number, seconds: number) => void;
}

type AnyCall = Call<never, never, never>;
type Respond = (call: AnyCall) => Promise<Reply>;

const isAuthorization = (text: string, index: number): boolean =>
  index % 2 === 0 && text.length === 13 && text.toLowerCase() === 'authorization';

const jsonHeaders = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'private, no-store' };
const emptyHeaders = { 'cache-control': 'private, no-store' };

/** The one road that every request takes: caller → rights → shape → handler → answer. */
export const createEndpoint = (needs: EndpointNeeds): Endpoint => {
  const { tokens, admins, idempotency, storeId, underWay, deadlineMs, log, observe } = needs;

  const callerOf = (request: Request): Caller | undefined | Promise<Caller> => {
    const { authorization } = request.headers;
    if (authorization === undefined) return undefined;
    // Node takes the first of several: another party on the way may have looked at another.
    if (request.rawHeaders.filter(isAuthorization).length > 1) throw new DomainError('not-authenticated');
    const [, token] = /^Bearer +([\w.~+/=-]+)$/i.exec(authorization) ?? [];
    if (token === undefined) throw new DomainError('not-authenticated');
    return tokens.remembered(token) ?? tokens.verify(token);
  };

  /** @throws DomainError 'not-authenticated', 'forbidden' */
  const authorise = async ({ allow }: Operation, caller: Caller | undefined, id: string | undefined): Promise<void> => {
    if (allow === 'anyone' || (allow === 'visitor-or-admin' && !caller)) return;
    if (!caller) throw new DomainError('not-authenticated');
    const own = id === undefined || id === caller.userId;
    if (allow === 'user' || (allow === 'self-or-admin' && own)) return;
    if (!(await admins.isAdmin(caller.userId))) throw new DomainError('forbidden');
  };

  const callOf = async (operation: Operation, request: Request, response: Response): Promise<AnyCall> => {
    const given = operation.allow === 'anyone' ? undefined : callerOf(request);
    const caller = given instanceof Promise ? await given : given;
    await authorise(operation, caller, (request.params as { id?: string }).id?.toLowerCase());
    const { headers } = request;
    const traceparent = traceparentIn(headers.traceparent);
    // Commands read what is newest anyway.
    const token = operation.method === 'get' ? headers['consistency-token'] : undefined;
    const makeMetadata = (): Metadata => ({
      actor: caller?.userId ?? 'anyone',
      commandId: randomUUID(),
      correlationId: traceparent?.split('-')[1] ?? randomUUID(),
      ...(traceparent !== undefined && { traceparent }),
    });
    let metadata: Metadata | undefined;
    let newId: string | undefined;
    const call: Call<unknown, unknown, unknown> = {
      params: valid(operation.params, request.params, '/path'),
      query: valid(operation.query, request.url.includes('?') ? request.query : {}, '/query'),
      body: takesBody(operation) ? await bodyOf(operation.body, request, response) : undefined,
      caller,
      expected: operation.conditional ? revisionIn(headers['if-match']) : undefined,
      minimum: typeof token === 'string' ? positionIn(token, storeId) : undefined,
      // Made when they are asked for: reads need none of them.
      get metadata() {
        metadata ??= makeMetadata();
        return metadata;
      },
      get newId() {
        newId ??= uuidv7();
        return newId;
      },
      address: request.ip ?? request.socket.remoteAddress ?? '',
    };
    return call as AnyCall;
  };

  /** What goes over the wire, also for a failure that the catalogue knows. */
  const answerOf = async (operation: Operation, respond: Respond, call: AnyCall): Promise<KeptAnswer> => {
    try {
      const reply = await respond(call);
      const { status } = operation.answer;
      const headers = replyHeaders(reply, status, storeId);
      return { status, headers, body: String(reply.bytes ?? JSON.stringify(reply.body) ?? ''), subject: reply.subject };
    } catch (error) {
      return failure(operation, error, call.metadata.correlationId);
    }
  };

  const failure = (operation: Operation, error: unknown, reference: string): KeptAnswer => {
    const known = knownError(error);
    if (known.code === 'internal') log.error({ err: error, operation: operation.id, reference }, 'request failed');
    return problemAnswer(known, known.status === 500 ? reference : undefined);
  };

  /** Never rejects. */
  const answerTo = async (operation: Operation, respond: Respond, request: Request, response: Response) => {
    try {
      const call = await callOf(operation, request, response);
      const key = operation.idempotent ? idempotencyKeyIn(request.get('idempotency-key')) : undefined;
      if (key === undefined) return await answerOf(operation, respond, call);
      const execute = (ids: object) => answerOf(operation, respond, { ...call, ...ids } as AnyCall);
      return await idempotency.run(
        { caller: call.metadata.actor, operation: operation.id, key, body: call.body },
        ({ commandId, newId }) => execute({ newId, metadata: { ...call.metadata, commandId } }),
      );
    } catch (error) {
      return failure(operation, error, randomUUID());
    }
  };

  return (operation, respond) => ({
    operation: operation as unknown as Operation,
    handler: async (request, response) => {
      const startedAt = performance.now();
      underWay.begin();
      const table = operation as unknown as Operation;
      const answered = answerTo(table, respond as Respond, request, response);
      try {
        const answer = await within(deadlineMs, answered, () => failure(table, tooLate(), randomUUID()));
        send(response, answer);
        observe(table.id, answer.status, (performance.now() - startedAt) / 1000);
      } finally {
        // Also what is answered late is waited for by a process that stops.
        void answered.finally(() => underWay.end());
      }
    },
  });
};

const tooLate = () => new DomainError('deadline-exceeded', { retryAfterSeconds: 1 });

/** What comes of the work, or of `otherwise` when the time is over first. */
const within = async <Result>(ms: number, work: Promise<Result>, otherwise: () => Result): Promise<Result> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Result>((resolve) => {
    timer = setTimeout(() => resolve(otherwise()), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
};

/** In one go: headers that were set one by one before cost more than all the rest. */
const send = (response: Response, { status, headers, body }: KeptAnswer) => {
  const lines: string[] = [...securityHeaderLines];
  for (const name in headers) lines.push(name, headers[name]!);
  if (status !== 204) lines.push('content-length', String(Buffer.byteLength(body)));
  response.writeHead(status, lines).end(body);
};

const takesBody = ({ body }: Operation) => !(body instanceof z.ZodUndefined);

const replyHeaders = ({ revision, position, headers }: Reply, status: number, storeId: string) => ({
  ...(status === 204 ? emptyHeaders : jsonHeaders),
  ...(revision !== undefined && { etag: `"${revision}"` }),
  ...(position !== undefined && { 'consistency-token': consistencyToken(storeId, position) }),
  ...headers,
});
