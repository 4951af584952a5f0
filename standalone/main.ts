import { readConfiguration } from '../runtime/configuration.ts';
import { createLog } from '../runtime/logging.ts';
import { startStandalone } from './composition.ts';
import { runUntilStopped } from './run-until-stopped.ts';

await runUntilStopped(async () => {
  const configuration = readConfiguration(process.env);
  const log = createLog(configuration.LOG_LEVEL);
  const tidemark = await startStandalone(configuration, log);
  log.info({ url: tidemark.url }, 'ready');
  if (tidemark.setupToken !== undefined) {
    // Not into the log, which is kept and shipped: to whoever started it.
    console.error(
      `No admin yet. Make the first one: POST ${tidemark.url}/v1/setup with the setup token ${tidemark.setupToken}`,
    );
  }
  return tidemark;
});
