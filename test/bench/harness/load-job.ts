/** What the load generator is told to do. */
export interface LoadJob {
  readonly port: number;
  readonly connections: number;
  /** Not counted. */
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Over all connections together; each as fast as answers come when absent. */
  readonly requestsPerSecond?: number;
  /** Raw HTTP/1.1, taken in turn and from the start again. */
  readonly requests: readonly string[];
}

export interface LoadResult {
  /** Answers of any status within the measured time. */
  readonly answered: number;
  /** Answers since the beginning, with the warm-up. */
  readonly answeredInAll: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers a status, with the warm-up. */
  readonly statuses: Readonly<Record<string, number>>;
}

export interface RequestParts {
  readonly method?: string;
  readonly path: string;
  readonly token?: string;
  readonly body?: unknown;
}

/** The bytes of a request on a connection that stays. */
export const rawRequest = ({ method = 'GET', path, token, body }: RequestParts): string => {
  const text = body === undefined ? '' : JSON.stringify(body);
  const headers = [
    `${method} ${path} HTTP/1.1`,
    'host: 127.0.0.1',
    ...(token === undefined ? [] : [`authorization: Bearer ${token}`]),
    ...(body === undefined ? [] : ['content-type: application/json', `content-length: ${Buffer.byteLength(text)}`]),
  ];
  return `${headers.join('\r\n')}\r\n\r\n${text}`;
};
