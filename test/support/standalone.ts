import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { allServices } from '../../composition/services.ts';
import { startTidemark as startTidemarkHere } from '../../composition/tidemark.ts';
import type { Vault } from '../../contracts/ports/vault.ts';
import { walk } from '../../exchange-simulator/market/walk.source.ts';
import { startExchangeSimulator } from '../../exchange-simulator/start-exchange-simulator.ts';
import { readConfiguration } from '../../runtime/configuration.ts';
import { startDistributed } from './distributed.ts';
import { openVault } from './open-vault.ts';
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

/** What a test sees of a running installation, in whichever shape. */
interface Running {
  readonly url: string;
  readonly setupToken: string | undefined;
  /** What it has logged so far, all of it. */
  readonly logged: () => string;
  /** The vault, beside it. */
  openVault(): Promise<{ readonly vault: Vault; close(): Promise<void> }>;
  /** Ends it; what it keeps stays. */
  halt(): Promise<void>;
}

/** The whole of Tidemark in this process, in this directory, on a free port. */
const startEmbedded = async (directory: string, environment: Readonly<Record<string, string>>): Promise<Running> => {
  const logged: string[] = [];
  const write = (line: unknown, _: unknown, done: () => void) => {
    logged.push(String(line));
    done();
  };
  const log = pino({ level: 'debug' }, new Writable({ write }));
  const configuration = readConfiguration({ PORT: '0', DATA_DIR: directory, ...environment });
  const { url, setupToken, stop } = await startTidemarkHere(allServices, configuration, log);
  return { url, setupToken, logged: () => logged.join(''), openVault: () => openVault(directory), halt: stop };
};

/**
 * The whole of Tidemark, with nobody in it, in the shape that this run is about: in this process and a directory of its
 * own, or as four processes on real servers (`SHAPE=distributed`).
 */
export const startTidemark = async ({ exchange = false, environment = {}, directory }: StandaloneOptions = {}) => {
  const own = directory === undefined ? temporaryDirectory() : undefined;
  const path = directory ?? own!.path;
  const simulator = exchange
    ? await startExchangeSimulator({
        source: walk({ seed: 1, symbols: [{ symbol: 'BTCUSDT', startPrice: '67187.34' }] }),
      })
    : undefined;
  const settings = {
    SYMBOLS: 'BTCUSDT,ETHUSDT',
    STREAM_INTERVAL_MS: '100',
    // Nobody listens on the discard port.
    BINANCE_REST_URL: simulator?.restUrl ?? 'http://127.0.0.1:9',
    BINANCE_WS_URL: simulator?.webSocketUrl ?? 'ws://127.0.0.1:9',
    ...(simulator && { PRICE_SOURCE: simulator.name }),
    ...(process.env.SHAPE === 'embedded-redis' && { REDIS_URL: process.env.REDIS_URL!, NAMESPACE: randomUUID() }),
    ...environment,
  };
  const tidemark: Running =
    process.env.SHAPE === 'distributed' ? await startDistributed(settings) : await startEmbedded(path, settings);
  const people = peopleOn(tidemark);
  return {
    ...people,
    url: tidemark.url,
    setupToken: tidemark.setupToken,
    path,
    simulator,
    logged: tidemark.logged,
    openVault: () => tidemark.openVault(),
    /** Stops it and leaves its files. */
    halt: async () => {
      await tidemark.halt();
      await simulator?.stop();
    },
    stop: async () => {
      await tidemark.halt();
      await simulator?.stop();
      own?.remove();
    },
  };
};
export type RunningTidemark = Awaited<ReturnType<typeof startTidemark>>;

/** Requests to an installation, and the people in it. */
export const peopleOn = ({ url, setupToken }: Pick<Running, 'url' | 'setupToken'>) => {
  const client = clientOf(url);
  const signIn = async (email: string): Promise<Person> => {
    const { body } = await client.request('POST', '/v1/sessions', { body: { email, password } });
    return { id: body.user.id, email, password, token: body.accessToken, refreshToken: body.refreshToken };
  };
  return {
    ...client,
    signIn,
    /** Registers and signs in. */
    member: async (email: string, name = 'Somebody'): Promise<Person> => {
      const { status, body } = await client.request('POST', '/v1/users', { body: { email, password, name } });
      if (status !== 201) throw new Error(`registration answered ${status} ${JSON.stringify(body)}`);
      return signIn(email);
    },
    /** The first admin. */
    admin: async (email = 'root@example.com'): Promise<Person> => {
      const body = { token: setupToken, email, password, name: 'Root' };
      const answer = await client.request('POST', '/v1/setup', { body });
      if (answer.status !== 201) throw new Error(`setup answered ${answer.status} ${JSON.stringify(answer.body)}`);
      return signIn(email);
    },
  };
};
