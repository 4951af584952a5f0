import { readFileSync } from 'node:fs';
import { z } from 'zod';

const positive = z.coerce.number().int().positive();
const notEmpty = z.string().trim().min(1);
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);
const url = (...protocols: string[]) =>
  z.url({ protocol: new RegExp(`^(${protocols.join('|')})$`) }).transform((text) => text.replace(/\/$/, ''));

/** Of a server, with whatever its own client understands behind the host. Holds a password, so that no error repeats it. */
const server = (...protocols: string[]) =>
  z.string().regex(new RegExp(`^(${protocols.join('|')})://\\S+$`), `must begin with ${protocols[0]}://`);

/** Every variable there is: what it may be, and what it is when unset. `docs/operations.md` explains them. */
export const Configuration = z.object({
  HOST: notEmpty.default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  DATA_DIR: notEmpty.default('./data'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),

  EVENTSTORE_URL: server('esdb', 'esdb\\+discover').optional(),
  MONGO_URL: server('mongodb', 'mongodb\\+srv').optional(),
  KAFKA_BROKERS: list.pipe(z.array(z.string().regex(/^[^\s:]+:\d+$/, 'must be host:port,host:port')).min(1)).optional(),
  REDIS_URL: server('redis', 'rediss').optional(),
  NAMESPACE: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/, 'must be lower case letters, digits and -')
    .optional(),

  MASTER_KEY: z
    .string()
    .regex(/^[A-Za-z0-9+/_-]{43}=?$/, 'must be 32 bytes in base64')
    .optional(),
  SETUP_TOKEN: z.string().min(16).max(200).optional(),
  TOKEN_ISSUER: notEmpty.default('tidemark'),
  TOKEN_AUDIENCE: notEmpty.default('tidemark'),
  REQUEST_DEADLINE_MS: positive.default(10_000),
  PASSWORD_QUEUE: positive.default(100),
  SIGN_IN_FAILURES_PER_ACCOUNT: positive.default(10),
  SIGN_IN_FAILURES_PER_ADDRESS: positive.default(100),
  SIGN_IN_WINDOW_SECONDS: positive.default(300),

  SYMBOLS: list
    .pipe(z.array(z.string().regex(/^[A-Z0-9]{2,20}$/, 'must be symbols like BTCUSDT')).min(1))
    .prefault('BTCUSDT,ETHUSDT'),
  BINANCE_REST_URL: url('https?').prefault('https://data-api.binance.vision'),
  BINANCE_WS_URL: url('wss?').prefault('wss://data-stream.binance.vision'),
  PRICE_SOURCE: z
    .string()
    .regex(/^[a-z0-9.]{1,40}$/)
    .default('binance'),
  PRICE_TTL_SECONDS: positive.default(60),
  PRICE_STALE_SECONDS: positive.default(150),
  POLL_INTERVAL_SECONDS: positive.default(60),
  STREAM_INTERVAL_MS: positive.default(1_000),
  BACKFILL_MINUTES: z.coerce.number().int().nonnegative().default(60),

  NOTIFY_AUDIENCE: z.enum(['concerned', 'everyone']).default('concerned'),
  ALLOWED_ORIGINS: list.prefault(''),
  TRUSTED_PROXIES: z.coerce.number().int().nonnegative().default(0),
  DOCS: z.enum(['open', 'closed']).default('open'),
  OPERATIONS: z.enum(['open', 'closed']).default('open'),
});
export type Configuration = z.output<typeof Configuration>;

/** May come as `<NAME>_FILE`, the path of a file that holds it. */
const secrets = ['MASTER_KEY', 'SETUP_TOKEN', 'EVENTSTORE_URL', 'MONGO_URL', 'REDIS_URL'] as const;

/**
 * The configuration in the environment.
 * @throws Error that names each variable that is wrong and the rule it breaks
 */
export const readConfiguration = (environment: Readonly<Record<string, string | undefined>>): Configuration => {
  // An empty variable is an unset one, as in a compose file.
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  for (const name of secrets) {
    const file = given[`${name}_FILE`];
    if (file === undefined) continue;
    try {
      given[name] = readFileSync(file, 'utf8').trim();
    } catch (error) {
      throw new Error(`${name}_FILE: ${file} can’t be read`, { cause: error });
    }
  }
  const { data, error } = Configuration.safeParse(given);
  if (data) return data;
  const lines = error.issues.map(({ path, message }) => `${String(path[0])}: ${message}`);
  throw new Error(`The configuration is not valid.\n${lines.join('\n')}`);
};
