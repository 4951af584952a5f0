import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfiguration } from './configuration.ts';

const failureOf = (environment: Record<string, string>): string => {
  try {
    readConfiguration(environment);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it was taken');
};

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tidemark-'));
});
afterAll(() => rmSync(directory, { recursive: true }));
const fileOf = (content: string) => {
  const file = join(directory, `secret-${content.length}`);
  writeFileSync(file, content);
  return file;
};

it('needs nothing', () => {
  expect(readConfiguration({})).toMatchObject({ HOST: '127.0.0.1', PORT: 3000, SYMBOLS: ['BTCUSDT', 'ETHUSDT'] });
});

it('takes an empty variable for an unset one, and leaves alone what is not its own', () => {
  const given = { PORT: '', MASTER_KEY: '', MASTER_KEY_FILE: '', SYMBOLS: '', PATH: '/bin', NODE_ENV: 'x' };
  expect(readConfiguration(given)).toEqual(readConfiguration({}));
});

it('names every variable that is wrong, and the rule, but no value', () => {
  const secret = 'not-base64-but-telling';
  const message = failureOf({
    PORT: '70000',
    LOG_LEVEL: 'loud',
    MASTER_KEY: secret,
    SETUP_TOKEN: 'short',
    SYMBOLS: 'BTCUSDT,eth/usdt',
    BINANCE_REST_URL: 'ftp://example.com',
    DOCS: 'maybe',
  });
  const [first, ...lines] = message.split('\n');
  expect(first).toBe('The configuration is not valid.');
  const names = ['PORT', 'LOG_LEVEL', 'MASTER_KEY', 'SETUP_TOKEN', 'SYMBOLS', 'BINANCE_REST_URL', 'DOCS'];
  expect(lines.map((line) => line.split(':')[0]).sort()).toEqual(names.sort());
  expect(message).toContain('MASTER_KEY: must be 32 bytes in base64');
  expect(message).not.toContain(secret);
});

it.each([
  ['PORT', 'http'],
  ['PORT', '-1'],
  ['PORT', '80.5'],
  ['PASSWORD_QUEUE', '0'],
  ['SIGN_IN_WINDOW_SECONDS', '-5'],
  ['TRUSTED_PROXIES', 'all'],
  ['SYMBOLS', ' , '],
  ['BINANCE_WS_URL', 'https://example.com'],
  ['PRICE_SOURCE', 'No Such'],
  ['HOST', '  '],
  ['MASTER_KEY', Buffer.alloc(31).toString('base64')],
  ['MASTER_KEY', Buffer.alloc(33).toString('base64')],
  ['SETUP_TOKEN', 'x'.repeat(201)],
])('refuses %s=%s', (name, value) => {
  expect(failureOf({ [name]: value })).toContain(`\n${name}: `);
});

it('reads secrets from files, without the line’s end', () => {
  const key = Buffer.alloc(32, 7).toString('base64');
  const given = { MASTER_KEY_FILE: fileOf(`${key}\n`), SETUP_TOKEN_FILE: fileOf('a token that is long enough\n') };
  expect(readConfiguration(given)).toMatchObject({ MASTER_KEY: key, SETUP_TOKEN: 'a token that is long enough' });
});

it('names a file that can’t be read, and checks what is in it', () => {
  const missing = join(directory, 'missing');
  expect(failureOf({ MASTER_KEY_FILE: missing })).toBe(`MASTER_KEY_FILE: ${missing} can’t be read`);
  expect(failureOf({ SETUP_TOKEN_FILE: directory })).toBe(`SETUP_TOKEN_FILE: ${directory} can’t be read`);
  expect(failureOf({ MASTER_KEY_FILE: fileOf('rubbish') })).toContain('\nMASTER_KEY: must be 32 bytes in base64');
  expect(failureOf({ MASTER_KEY_FILE: fileOf('') })).toContain('\nMASTER_KEY: ');
});

it('reads nothing else from files', () => {
  expect(readConfiguration({ PORT_FILE: fileOf('4000') }).PORT).toBe(3000);
});

it('trims what is written by hand', () => {
  expect(readConfiguration({ SYMBOLS: ' BTCUSDT , ETHUSDT,' }).SYMBOLS).toEqual(['BTCUSDT', 'ETHUSDT']);
  expect(readConfiguration({ BINANCE_REST_URL: 'https://example.com/' }).BINANCE_REST_URL).toBe('https://example.com');
});
