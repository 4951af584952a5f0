import { Writable } from 'node:stream';
import { pino } from 'pino';
import { walk } from '../../exchange-simulator/market/walk.source.ts';
import { startExchangeSimulator } from '../../exchange-simulator/start-exchange-simulator.ts';
import { readConfiguration } from '../../runtime/configuration.ts';
import { startStandalone } from '../../standalone/composition.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
}

export interface RequestOptions {
  readonly token?: string | undefined;
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Person {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly token: string;
  readonly refreshToken: string;
}

export const password = 'a password for the tests';

/** Sends a request to this address and reads the answer. */
export const clientOf = (url: string) => ({
  request: async (
    method: string,
    path: string,
    { token, body, raw, headers = {} }: RequestOptions = {},
  ): Promise<Answer> => {
    const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(sent !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(sent !== undefined && { body: sent }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, body: isJson && text ? JSON.parse(text) : text };
  },
});

export interface StandaloneOptions {
  /** Whether an exchange is there: else the address of one is, where nobody answers. */
  readonly exchange?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  /** A directory that outlives this one, to start again on. */
  readonly directory?: string;
}

/** The whole of Tidemark in this process, in a directory of its own, on a free port. */
export const startTidemark = async ({ exchange = false, environment = {}, directory }: StandaloneOptions = {}) => {
  const own = directory === undefined ? temporaryDirectory() : undefined;
  const path = directory ?? own!.path;
  const simulator = exchange
    ? await startExchangeSimulator({
        source: walk({ seed: 1, symbols: [{ symbol: 'BTCUSDT', startPrice: '67187.34' }] }),
      })
    : undefined;
  const logged: string[] = [];
  const write = (line: unknown, _: unknown, done: () => void) => {
    logged.push(String(line));
    done();
  };
  const log = pino({ level: 'debug' }, new Writable({ write }));
  const configuration = readConfiguration({
    PORT: '0',
    DATA_DIR: path,
    SYMBOLS: 'BTCUSDT,ETHUSDT',
    STREAM_INTERVAL_MS: '100',
    // Nobody listens on the discard port.
    BINANCE_REST_URL: simulator?.restUrl ?? 'http://127.0.0.1:9',
    BINANCE_WS_URL: simulator?.webSocketUrl ?? 'ws://127.0.0.1:9',
    ...(simulator && { PRICE_SOURCE: simulator.name }),
    ...environment,
  });
  const tidemark = await startStandalone(configuration, log);
  const client = clientOf(tidemark.url);

  const signIn = async (email: string): Promise<Person> => {
    const { body } = await client.request('POST', '/v1/sessions', { body: { email, password } });
    return { id: body.user.id, email, password, token: body.accessToken, refreshToken: body.refreshToken };
  };
  return {
    ...client,
    url: tidemark.url,
    setupToken: tidemark.setupToken,
    path,
    simulator,
    /** What it has logged, all of it. */
    logged: () => logged.join(''),
    signIn,
    /** Registers and signs in. */
    member: async (email: string, name = 'Somebody'): Promise<Person> => {
      const { status, body } = await client.request('POST', '/v1/users', { body: { email, password, name } });
      if (status !== 201) throw new Error(`registration answered ${status} ${JSON.stringify(body)}`);
      return signIn(email);
    },
    /** The first admin. */
    admin: async (email = 'root@example.com'): Promise<Person> => {
      const body = { token: tidemark.setupToken, email, password, name: 'Root' };
      const answer = await client.request('POST', '/v1/setup', { body });
      if (answer.status !== 201) throw new Error(`setup answered ${answer.status} ${JSON.stringify(answer.body)}`);
      return signIn(email);
    },
    /** Stops it and leaves its files. */
    halt: async () => {
      await tidemark.stop();
      await simulator?.stop();
    },
    stop: async () => {
      await tidemark.stop();
      await simulator?.stop();
      own?.remove();
    },
  };
};
export type RunningTidemark = Awaited<ReturnType<typeof startTidemark>>;
