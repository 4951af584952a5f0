import { randomUUID } from 'node:crypto';
import cors from 'cors';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { DomainError } from '../contracts/errors.ts';
import type { Operation } from '../contracts/http/operation.ts';
import type { Log } from '../contracts/ports/log.ts';
import { type HealthCheck, readiness } from '../runtime/health.ts';
import type { Metrics } from '../runtime/metrics.ts';
import { serveDocs } from './docs.ts';
import { sendProblem } from './problem.ts';
import type { Route } from './route.ts';
import { securityHeaderLines, securityHeaders } from './security-headers.ts';

export interface AppNeeds {
  /** The most used first: Express tries them in order. */
  readonly routes: readonly Route[];
  /** What the documentation and a refusal name: also what other services answer behind the same address. */
  readonly operations: readonly Operation[];
  readonly jwks?: unknown;
  readonly metrics: Metrics;
  readonly checks: readonly HealthCheck[];
  /** A directory of files to serve at `/`. */
  readonly web?: string | undefined;
  readonly docs: 'open' | 'closed';
  /** Whether `/livez`, `/readyz` and `/metrics` are answered. */
  readonly health: 'open' | 'closed';
  /** Of pages from elsewhere that may call this API, e.g. `https://app.example.com`. */
  readonly allowedOrigins: readonly string[];
  /** Proxies in front, whose X-Forwarded-For is believed. */
  readonly trustedProxies: number;
  readonly log: Log;
}

/** An Express app with these routes and what every HTTP service has beside them. */
export const createApp = (needs: AppNeeds): Express => {
  const { routes, operations, jwks, trustedProxies, allowedOrigins, docs, health, web } = needs;
  const app = express().disable('x-powered-by').disable('etag').set('query parser', 'simple');
  app.set('trust proxy', trustedProxies);
  if (allowedOrigins.length > 0) app.use(cors({ origin: [...allowedOrigins], exposedHeaders, maxAge: 600 }));

  // The same for everybody and asked for often: ready, and before everything else.
  if (jwks !== undefined) app.get('/.well-known/jwks.json', readyJson(jwks));
  if (health === 'open') app.get('/livez', readyJson({ state: 'ok' }));
  for (const { operation, handler } of routes) app[operation.method](expressPath(operation.path), handler);

  app.use(securityHeaders);
  refuseOtherMethods(app, operations);
  if (health === 'open') serveHealth(app, needs);
  if (docs === 'open') serveDocs(app, operations);
  if (web !== undefined) app.use(express.static(web));

  app.use((_, response) => sendProblem(response, new DomainError('route-not-found')));
  app.use(lastResort(needs.log));
  return app;
};

/** What a page from elsewhere may read of an answer. */
const exposedHeaders = ['ETag', 'Consistency-Token', 'Location', 'Retry-After'];

const readyJson = (body: unknown): RequestHandler => {
  const bytes = Buffer.from(JSON.stringify(body));
  const lines = ['content-type', 'application/json; charset=utf-8', 'content-length', String(bytes.length)];
  return (_, response) => {
    response.writeHead(200, [...securityHeaderLines, ...lines]).end(bytes);
  };
};

const expressPath = (path: string) => path.replaceAll(/\{(\w+)\}/g, ':$1');

const refuseOtherMethods = (app: Express, operations: readonly Operation[]): void => {
  for (const path of new Set(operations.map((operation) => operation.path))) {
    // Express answers HEAD where there is GET.
    const allowed = operations.flatMap(({ path: taken, method }) =>
      taken === path ? (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()]) : [],
    );
    app.all(expressPath(path), (_, response) => {
      response.setHeader('allow', allowed.join(', '));
      sendProblem(response, new DomainError('method-not-allowed'));
    });
  }
};

const serveHealth = (app: Express, { checks, metrics }: AppNeeds): void => {
  app.get('/readyz', async (_, response) => {
    const result = await readiness(checks);
    response.status(result.state === 'failed' ? 503 : 200).json(result);
  });
  app.get('/metrics', async (_, response) => {
    response.type(metrics.contentType).send(await metrics.page());
  });
};

/** What goes wrong before or outside a route: a path that can't be decoded, a file that can't be read. */
const lastResort =
  (log: Log): ErrorRequestHandler =>
  (error: { status?: number }, _request, response, _next) => {
    if (error.status !== undefined && error.status < 500) {
      sendProblem(response, new DomainError('malformed-request', { cause: error }));
      return;
    }
    const reference = randomUUID();
    log.error({ err: error, reference }, 'request failed outside an operation');
    sendProblem(response, new DomainError('internal', { cause: error }), reference);
  };
