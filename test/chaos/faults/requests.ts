import type { Answer } from '../../support/standalone.ts';

/** What is asked for: a name changed, somebody registered, oneself read after one's last change, a price read. */
export const kinds = ['command', 'registration', 'read', 'price'] as const;
export type Kind = (typeof kinds)[number];

export const outcomes = [
  /** 2xx. */
  'ok',
  /** 503, 429 or 409 that says when to come again: honest. */
  'later',
  /** 412: an earlier try of the same was carried out, or the client is behind. */
  'conflict',
  /** 503 that doesn't say when. */
  'bare503',
  /** Any other 5xx. */
  'other5xx',
  /** A 4xx that a decent client has not earned. */
  'refused',
  /** The connection ended without an answer. */
  'cut',
  /** No answer within the deadline and its margin. */
  'hung',
] as const;
export type Outcome = (typeof outcomes)[number];

/** One request and how it ended; times in milliseconds of `performance.now()`. */
export interface Asked {
  readonly kind: Kind;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: Outcome;
  /** What was answered, in short. */
  readonly said: string;
}

export const outcomeOf = ({ status, headers }: Pick<Answer, 'status' | 'headers'>): Outcome => {
  if (status >= 200 && status < 300) return 'ok';
  if (status === 412) return 'conflict';
  const comeAgain = headers.get('retry-after') !== null;
  if (comeAgain && [409, 429, 503].includes(status)) return 'later';
  if (status === 503) return 'bare503';
  return status >= 500 ? 'other5xx' : 'refused';
};

export interface RequestOptions {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}
/** Sends one request and answers what came of it; undefined when nothing did. Never rejects. */
export type Ask = (kind: Kind, method: string, path: string, options?: RequestOptions) => Promise<Answer | undefined>;

const send = async (url: string, method: string, options: RequestOptions, signal: AbortSignal): Promise<Answer> => {
  const { token, body, headers } = options;
  const response = await fetch(url, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal,
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, body: isJson && text ? JSON.parse(text) : text };
};

/** Asks one address, and writes down every request. What is not answered after `longestMs` counts as hung. */
export const requestsTo = (url: string, longestMs: number): { readonly ask: Ask; readonly asked: readonly Asked[] } => {
  const asked: Asked[] = [];
  const ask: Ask = async (kind, method, path, options = {}) => {
    const startedAt = performance.now();
    const note = (outcome: Outcome, said: string) =>
      void asked.push({ kind, startedAt, endedAt: performance.now(), outcome, said });
    const late = AbortSignal.timeout(longestMs);
    try {
      const answer = await send(url + path, method, options, late);
      note(outcomeOf(answer), `${answer.status} ${answer.body?.code ?? ''}`.trim());
      return answer;
    } catch (error) {
      if (late.aborted) note('hung', 'no answer');
      else note('cut', String((error as Error).cause ?? error));
      return undefined;
    }
  };
  return { ask, asked };
};
