import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import helmet, { type HelmetOptions } from 'helmet';

const own = ["'self'"];

const policy = (styles: readonly string[]): HelmetOptions => ({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: own,
      scriptSrc: own,
      styleSrc: [...styles],
      imgSrc: [...own, 'data:'],
      connectSrc: [...own, 'ws:', 'wss:'],
      objectSrc: ["'none'"],
      baseUri: own,
      formAction: own,
      frameAncestors: ["'none'"],
    },
  },
  referrerPolicy: { policy: 'no-referrer' },
});

/** What helmet sets, worked out once: it is the same for every answer. */
const headersOf = (options: HelmetOptions): readonly [string, string][] => {
  const headers = new Map<string, string>();
  const response = {
    setHeader: (name: string, value: string) => headers.set(name, value),
    removeHeader: (name: string) => headers.delete(name),
  };
  helmet(options)({} as IncomingMessage, response as unknown as ServerResponse, () => {});
  return [...headers];
};

const setting =
  (headers: readonly [string, string][]): RequestHandler =>
  (_, response, next) => {
    for (const [name, value] of headers) response.setHeader(name, value);
    next();
  };

const headers = headersOf(policy(own));
export const securityHeaders: RequestHandler = setting(headers);
/** The same, name and value in turn, for `writeHead`. */
export const securityHeaderLines: readonly string[] = headers.flat();
/** Swagger UI styles its elements itself. */
export const docsSecurityHeaders: RequestHandler = setting(headersOf(policy([...own, "'unsafe-inline'"])));
