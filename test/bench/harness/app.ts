import { setTimeout as pause } from 'node:timers/promises';
import { symbols } from '../seed/seed-installation.ts';
import { type RunningServer, startServer } from './processes.ts';
import type { Scale } from './scale.ts';

/** Nobody listens on it: prices are those that were seeded. */
const nowhere = '127.0.0.1:1';

/** Starts the app on a data directory; it is ready when this resolves. */
export const startApp = async (
  { profileDirectory }: Scale,
  directory: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<RunningServer> => {
  const app = await startServer(
    'standalone/main',
    {
      DATA_DIR: directory,
      PORT: '0',
      SYMBOLS: symbols.join(','),
      BINANCE_REST_URL: `http://${nowhere}`,
      BINANCE_WS_URL: `ws://${nowhere}`,
      // Seeded prices stay fresh for as long as the bench runs.
      PRICE_STALE_SECONDS: '86400',
      ...environment,
    },
    profileDirectory === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`],
  );
  await untilReady(app.url);
  return app;
};

const untilReady = async (url: string): Promise<void> => {
  const giveUpAt = Date.now() + 120_000;
  for (;;) {
    const { ok } = await fetch(`${url}/readyz`);
    if (ok) return;
    if (Date.now() > giveUpAt) throw new Error('the app did not become ready');
    await pause(2);
  }
};
