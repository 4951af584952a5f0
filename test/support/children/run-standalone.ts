import { allServices } from '../../../composition/services.ts';
import { startTidemark } from '../../../composition/tidemark.ts';
import { readConfiguration } from '../../../runtime/configuration.ts';
import { createLog } from '../../../runtime/logging.ts';
import { runUntilStopped } from '../../../runtime/run-until-stopped.ts';

/** Tidemark on `<directory>` and a free port, with no exchange but what the environment names. Prints where it is as JSON. */
await runUntilStopped(async () => {
  const environment = { BINANCE_REST_URL: 'http://127.0.0.1:9', BINANCE_WS_URL: 'ws://127.0.0.1:9', ...process.env };
  const configuration = readConfiguration({
    ...environment,
    PORT: '0',
    DATA_DIR: process.argv[2],
    LOG_LEVEL: 'silent',
  });
  const tidemark = await startTidemark(allServices, configuration, createLog('silent'));
  console.log(JSON.stringify({ url: tidemark.url, setupToken: tidemark.setupToken }));
  return tidemark;
});
