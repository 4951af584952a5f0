import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Express } from 'express';
import { describeError, errorCodes } from '../contracts/errors.ts';
import type { Operation } from '../contracts/http/operation.ts';
import { openApi } from './openapi.ts';
import { docsSecurityHeaders } from './security-headers.ts';

/** Its files only: to import the package would run the page's megabytes here. */
const swaggerUi = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

const docsPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Tidemark API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>`;
const problemsPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Tidemark problems</title></head>
<body><h1>Problems</h1>
<p>What the <code>type</code> of an <code>application/problem+json</code> answer points to (RFC 9457).</p>
<dl>${errorCodes
  .map((code) => {
    const { status, title, retriable } = describeError(code);
    const again = retriable ? 'the same request may succeed later' : 'the same request will fail again';
    return `<dt id="${code}"><code>${code}</code></dt><dd>${status}: ${title}; ${again}.</dd>`;
  })
  .join('\n')}</dl></body></html>`;

const docsScript = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true });`;

/** The API's documentation: for programs, for browsers, and what each problem's `type` points to. */
export const serveDocs = (app: Express, operations: readonly Operation[]): void => {
  const document = openApi(operations);
  app.get('/openapi.json', (_, response) => void response.json(document));
  app.use('/docs', docsSecurityHeaders);
  app.get('/docs/problems', (_, response) => void response.type('html').send(problemsPage));
  app.get('/docs', (_, response) => void response.type('html').send(docsPage));
  app.get('/docs/start.js', (_, response) => void response.type('js').send(docsScript));
  for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
    app.get(`/docs/${file}`, (_, response) => response.sendFile(join(swaggerUi, file)));
  }
};
