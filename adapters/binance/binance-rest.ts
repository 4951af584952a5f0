import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import axios, { type AxiosInstance, type AxiosResponse } from 'axios';
import type { z } from 'zod';
import { DomainError, isDomainError } from '../../contracts/errors.ts';
import { Refusal } from './binance-answers.ts';
import { withDeadline } from './deadline.ts';
import { type GateLimits, RequestGate } from './request-gate.ts';

export interface RestOptions {
  readonly restUrl: string;
  /** For an answer, from the first byte sent to the last received. */
  readonly timeoutMs: number;
  readonly limits: GateLimits;
}

export interface Answer<T> {
  readonly body: T;
  /** `binance`, or what a simulator calls itself. */
  readonly source: string;
}

const maxAnswerBytes = 4 * 1024 * 1024;
/** Seconds to stay away where the exchange says only that we should: asked too much, and banned. */
const silence: Readonly<Record<number, number>> = { 429: 60, 418: 300 };
/** The longest ban that Binance documents: three days. */
const longestSilence = 259_200;
const invalidSymbol = -1121;

/** The name that the other side goes by. */
export const sourceOf = (headers: Readonly<Record<string, unknown>>): string =>
  String(headers['x-simulator'] ?? 'binance');

const parse = <T>(schema: z.ZodType<T>, text: unknown): T => {
  try {
    return schema.parse(JSON.parse(String(text)));
  } catch (cause) {
    throw new DomainError('exchange-unavailable', { detail: 'the answer has another form than expected', cause });
  }
};

const refusalCode = (text: unknown): number | undefined => {
  try {
    return Refusal.safeParse(JSON.parse(String(text))).data?.code;
  } catch {
    return undefined;
  }
};

/** Requests to Binance's REST interface. What goes wrong on the way or over there is an 'exchange-unavailable'. */
export class BinanceRest {
  readonly #http: AxiosInstance;
  readonly #agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) };
  readonly #gate: RequestGate;
  readonly #timeoutMs: number;

  constructor({ restUrl, timeoutMs, limits }: RestOptions) {
    this.#timeoutMs = timeoutMs;
    this.#gate = new RequestGate(limits);
    this.#http = axios.create({
      baseURL: restUrl,
      httpAgent: this.#agents.http,
      httpsAgent: this.#agents.https,
      proxy: false,
      maxRedirects: 0,
      maxContentLength: maxAnswerBytes,
      responseType: 'text',
      validateStatus: () => true,
    });
  }

  /**
   * @throws DomainError 'exchange-unavailable'; 'unknown-symbol'; the signal's reason when it aborts
   */
  async get<T>(
    path: string,
    params: Readonly<Record<string, string | number>>,
    weight: number,
    schema: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<Answer<T>> {
    signal.throwIfAborted();
    this.#gate.pass(weight);
    try {
      const response = await withDeadline(signal, this.#timeoutMs, (deadline) =>
        this.#http.get(path, { params, signal: deadline }),
      );
      this.#judge(response);
      const answer = { body: parse(schema, response.data), source: sourceOf(response.headers) };
      this.#gate.succeeded();
      return answer;
    } catch (error) {
      signal.throwIfAborted();
      if (isDomainError(error, 'unknown-symbol')) throw error;
      this.#gate.failed();
      if (isDomainError(error)) throw error;
      throw new DomainError('exchange-unavailable', { detail: 'no whole answer in time', cause: error });
    }
  }

  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  #judge({ status, headers, data }: AxiosResponse): void {
    const used = Number(headers['x-mbx-used-weight-1m']);
    if (Number.isFinite(used)) this.#gate.used(used);
    if (status === 200) return;
    if (status === 400 && refusalCode(data) === invalidSymbol) throw new DomainError('unknown-symbol');
    const seconds = silence[status];
    if (seconds === undefined) throw new DomainError('exchange-unavailable', { detail: `it answered ${status}` });
    const said = Number(headers['retry-after'] ?? Number.NaN);
    const retryAfterSeconds = said >= 0 ? Math.min(said, longestSilence) : seconds;
    this.#gate.closeFor(retryAfterSeconds, `it answered ${status} and asked to stay away`);
    throw new DomainError('exchange-unavailable', { detail: `it answered ${status}`, retryAfterSeconds });
  }
}
