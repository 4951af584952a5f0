import type { ServerResponse } from 'node:http';
import { BinanceError, binanceErrors } from './binance-error.ts';

/** What goes wrong with every REST request while it is set. */
export type RestFault =
  | { readonly type: 'hang' }
  | { readonly type: 'truncate' }
  | { readonly type: 'answer'; readonly status: number; readonly retryAfterSeconds: number | undefined };

const bodies: Readonly<Record<number, (limit: number) => BinanceError>> = {
  418: () => binanceErrors.banned(Date.now() + 120_000),
  429: (limit) => binanceErrors.tooMuchWeight(limit),
  451: (): BinanceError => new BinanceError(0, 'Service unavailable from a restricted location.', 451),
  503: () =>
    new BinanceError(-1008, 'Server is currently overloaded with other requests. Please try again in a few minutes.'),
  504: () =>
    new BinanceError(
      -1007,
      'Timeout waiting for response from backend server. Send status unknown; execution status unknown.',
    ),
};
const unknown = () => new BinanceError(-1000, 'An unknown error occurred while processing the request.');

export const sendJson = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json;charset=UTF-8' });
  response.end(JSON.stringify(body));
};

export const sendFault = (
  response: ServerResponse,
  { status, retryAfterSeconds }: RestFault & { type: 'answer' },
  weightLimit: number,
): void => {
  if (retryAfterSeconds !== undefined) response.setHeader('retry-after', String(retryAfterSeconds));
  sendJson(response, status, (bodies[status] ?? unknown)(weightLimit).body);
};

/** Promises the whole body, sends half of it and cuts the connection. */
export const sendHalf = (response: ServerResponse, body: unknown): void => {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(200, { 'content-type': 'application/json;charset=UTF-8', 'content-length': bytes.length });
  response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.destroy());
};
