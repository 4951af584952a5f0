import { join } from 'node:path';
import express, { type ErrorRequestHandler, type Express } from 'express';
import { absolutePath as swaggerUiPath } from 'swagger-ui-dist';
import { DomainError } from '../contracts/errors.ts';
import type { Log } from '../contracts/ports/log.ts';
import { type HealthCheck, readiness } from '../runtime/health.ts';
import type { Metrics } from '../runtime/metrics.ts';
import { openApi } from './openapi.ts';
import { sendProblem } from './problem.ts';
import type { Route } from './route.ts';
import { docsSecurityHeaders, securityHeaders } from './security-headers.ts';

export interface AppNeeds {
  /** The most used first: Express tries them in order. */
  readonly routes: readonly Route[];
  readonly jwks: unknown;
  readonly metrics: Metrics;
  readonly checks: readonly HealthCheck[];
  /** A directory of files to serve at `/`. */
  readonly web?: string | undefined;
  readonly docs: 'open' | 'closed';
  readonly operations: 'open' | 'closed';
  /** Proxies in front, whose X-Forwarded-For is believed. */
  readonly trustedProxies: number;
  readonly log: Log;
}

/** An Express app with these routes and what every HTTP service has beside them. */
export const createApp = (needs: AppNeeds): Express => {
  const { routes, jwks, trustedProxies, docs, operations, web } = needs;
  const app = express().disable('x-powered-by').disable('etag').set('query parser', 'simple');
  app.set('trust proxy', trustedProxies);
  app.use(securityHeaders);

  for (const { operation, handler } of routes) app[operation.method](expressPath(operation.path), handler);
  refuseOtherMethods(app, routes);
  app.get('/.well-known/jwks.json', (_, response) => void response.json(jwks));
  if (operations === 'open') serveOperations(app, needs);
  if (docs === 'open') serveDocs(app, routes);
  if (web !== undefined) app.use(express.static(web));

  app.use((_, response) => sendProblem(response, new DomainError('route-not-found')));
  app.use(lastResort(needs.log));
  return app;
};

const expressPath = (path: string) => path.replaceAll(/\{(\w+)\}/g, ':$1');

const refuseOtherMethods = (app: Express, routes: readonly Route[]): void => {
  for (const path of new Set(routes.map(({ operation }) => operation.path))) {
    const allowed = routes.flatMap(({ operation }) =>
      operation.path === path ? [operation.method.toUpperCase()] : [],
    );
    app.all(expressPath(path), (_, response) => {
      response.setHeader('allow', allowed.join(', '));
      sendProblem(response, new DomainError('method-not-allowed'));
    });
  }
};

const serveOperations = (app: Express, { checks, metrics }: AppNeeds): void => {
  app.get('/livez', (_, response) => void response.json({ state: 'ok' }));
  app.get('/readyz', async (_, response) => {
    const result = await readiness(checks);
    response.status(result.state === 'failed' ? 503 : 200).json(result);
  });
  app.get('/metrics', async (_, response) => {
    response.type(metrics.contentType).send(await metrics.page());
  });
};

const docsPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Tidemark API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>`;
const docsScript = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true });`;

const serveDocs = (app: Express, routes: readonly Route[]): void => {
  const document = openApi(routes.map(({ operation }) => operation));
  app.get('/openapi.json', (_, response) => void response.json(document));
  app.use('/docs', docsSecurityHeaders);
  app.get('/docs', (_, response) => void response.type('html').send(docsPage));
  app.get('/docs/start.js', (_, response) => void response.type('js').send(docsScript));
  for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
    app.get(`/docs/${file}`, (_, response) => response.sendFile(join(swaggerUiPath(), file)));
  }
};

/** What goes wrong before or outside a route: a path that can't be decoded, a file that can't be read. */
const lastResort =
  (log: Log): ErrorRequestHandler =>
  (error: { status?: number }, _request, response, _next) => {
    const ours = error.status === undefined || error.status >= 500;
    if (ours) log.error({ err: error }, 'request failed outside an operation');
    sendProblem(response, new DomainError(ours ? 'internal' : 'malformed-request', { cause: error }));
  };
