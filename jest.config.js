import { missingBackends } from './test/support/backend-servers.js';

const everywhere = {
  testEnvironment: 'node',
  globalSetup: './test/support/prepare-run.js',
  globalTeardown: './test/support/finish-run.js',
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/dist-test/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
};
const notOurs = ['/node_modules/', '/dist/', '/dist-test/', '/data/'];

const embedded = {
  ...everywhere,
  displayName: 'embedded',
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: [...notOurs, '/test/distributed/'],
};

/** What holds in every shape: the same files once more, against four processes on real servers. */
const everyShape = ['bad-input', 'consistency', 'idempotency', 'openapi', 'readme', 'tour'];
const distributed = {
  ...everywhere,
  displayName: 'distributed',
  testMatch: ['**/test/distributed/**/*.test.ts', ...everyShape.map((name) => `**/test/flow/${name}.test.ts`)],
  testPathIgnorePatterns: notOurs,
  setupFilesAfterEnv: ['./test/support/shape-distributed.js'],
};

/** Where one process is enough, and its cache shall outlive it. */
const embeddedWithRedis = {
  ...everywhere,
  displayName: 'embedded with Redis',
  testMatch: ['readme', 'sessions', 'tour'].map((name) => `**/test/flow/${name}.test.ts`),
  testPathIgnorePatterns: notOurs,
  setupFilesAfterEnv: ['./test/support/shape-embedded-redis.js'],
};

const missing = missingBackends();
if (missing.length > 0 && process.env.REQUIRE_BACKENDS === '1') {
  throw new Error(`REQUIRE_BACKENDS=1, and these can't be had: ${missing.join(', ')}`);
}

/** @type {import('jest').Config} */
export default {
  testTimeout: 20_000,
  reporters: ['default', './test/support/skips-reporter.js'],
  projects: missing.length > 0 ? [embedded] : [embedded, embeddedWithRedis, distributed],
};
