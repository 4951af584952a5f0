import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Market } from '../market/market.ts';
import { BinanceError } from './binance-error.ts';
import { endpoints } from './endpoints.ts';
import { readParameters } from './parameters.ts';
import type { RequestWeight } from './request-weight.ts';
import { type RestFault, sendFault, sendHalf, sendJson } from './rest-fault.ts';

/** Binance's public market data over HTTP. */
export class RestApi {
  /** Every request meets it. */
  fault: RestFault | undefined;
  readonly #market: Market;
  readonly #weight: RequestWeight;
  readonly #catchUp: () => void;
  readonly #hanging = new Set<ServerResponse>();

  /** @param catchUp brings the market up to now, so that an answer never tells less than the clock does */
  constructor(market: Market, weight: RequestWeight, catchUp: () => void) {
    this.#market = market;
    this.#weight = weight;
    this.#catchUp = catchUp;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    if (this.fault?.type === 'hang') {
      this.#hanging.add(response);
      response.once('close', () => this.#hanging.delete(response));
      return;
    }
    if (this.fault?.type === 'answer') {
      sendFault(response, this.fault, this.#weight.limit);
      return;
    }
    this.#answer(request, response);
  }

  /** Cuts the requests that hang. */
  release(): void {
    for (const response of this.#hanging) response.destroy();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const target = request.url ?? '/';
    const url = URL.canParse(target, 'http://simulator') ? new URL(target, 'http://simulator') : undefined;
    const endpoint = url && Object.hasOwn(endpoints, url.pathname) ? endpoints[url.pathname] : undefined;
    if (!url || !endpoint) {
      response.writeHead(404).end();
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET' }).end();
      return;
    }
    const { usedWeight, refusal } = this.#weight.spend(endpoint.weight(url.searchParams));
    response.setHeader('x-mbx-used-weight', String(usedWeight));
    response.setHeader('x-mbx-used-weight-1m', String(usedWeight));
    try {
      if (refusal) {
        response.setHeader('retry-after', String(refusal.retryAfterSeconds));
        throw refusal.error;
      }
      const parameters = readParameters(url.searchParams, endpoint.parameters);
      this.#catchUp();
      const body = endpoint.answer(parameters, this.#market, this.#weight.limit);
      if (this.fault?.type === 'truncate') sendHalf(response, body);
      else sendJson(response, 200, body);
    } catch (error) {
      if (!(error instanceof BinanceError)) throw error;
      sendJson(response, error.status, error.body);
    }
  }
}
