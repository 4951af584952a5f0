import { randomBytes } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openDataDirectory } from '../adapters/sqlite/data-directory.ts';
import { allServices } from '../composition/services.ts';
import { startTidemark } from '../composition/tidemark.ts';
import { walk } from '../exchange-simulator/market/walk.source.ts';
import { startExchangeSimulator } from '../exchange-simulator/start-exchange-simulator.ts';
import { readConfiguration } from '../runtime/configuration.ts';
import { createLog } from '../runtime/logging.ts';
import { runUntilStopped } from '../runtime/run-until-stopped.ts';
import { inventUsers } from './invent-users.ts';

/** About where these stood once, so that the numbers look familiar; every other symbol begins at 100. */
const startPrices: Readonly<Record<string, string>> = { BTCUSDT: '67187.34', ETHUSDT: '3498.12', BNBUSDT: '585.40' };

/** The passwords of an earlier demo are known to nobody. Fails where that demo still runs. */
const startAfresh = (directory: string): void => {
  if (!existsSync(directory)) return;
  if (!existsSync(join(directory, 'lock.db')))
    throw new Error(`${directory} is there and is no demo's: choose another DATA_DIR`);
  openDataDirectory(directory).close();
  rmSync(directory, { recursive: true });
};

await runUntilStopped(async () => {
  const given = readConfiguration({ LOG_LEVEL: 'warn', ...process.env });
  const dataDirectory = join(given.DATA_DIR, 'demo');
  startAfresh(dataDirectory);
  const simulator = await startExchangeSimulator({
    source: walk({
      seed: randomBytes(4).readUInt32LE(),
      symbols: given.SYMBOLS.map((symbol) => ({ symbol, startPrice: startPrices[symbol] ?? '100.00' })),
    }),
  });
  const configuration = {
    ...given,
    // Its own directory and source, so that nothing invented ever meets real data.
    DATA_DIR: dataDirectory,
    PRICE_SOURCE: simulator.name,
    BINANCE_REST_URL: simulator.restUrl,
    BINANCE_WS_URL: simulator.webSocketUrl,
  };
  const tidemark = await startTidemark(allServices, configuration, createLog(given.LOG_LEVEL)).catch(async (error) => {
    await simulator.stop();
    throw error;
  });
  const users = await inventUsers(tidemark);
  const { url } = tidemark;
  console.log(`Tidemark runs on ${url}, with invented prices and users (data in ${dataDirectory}, made afresh at each start).

  dashboard   ${url}/
  API         ${url}/docs
  metrics     ${url}/metrics    health ${url}/readyz

Sign in as
${users.map(({ role, email, password }) => `  ${role.padEnd(8)}${email.padEnd(24)}${password}`).join('\n')}

Ctrl-C stops it.`);
  return {
    stop: async () => {
      await tidemark.stop();
      await simulator.stop();
    },
  };
});
