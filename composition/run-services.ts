import { readConfiguration } from '../runtime/configuration.ts';
import { createLog } from '../runtime/logging.ts';
import { runUntilStopped } from '../runtime/run-until-stopped.ts';
import type { Service } from './services.ts';
import { startTidemark } from './tidemark.ts';

/** Runs these services as this process, as the environment configures them, until it is told to stop. */
export const runServices = (services: readonly Service[]): Promise<void> =>
  runUntilStopped(async (stopping) => {
    const configuration = readConfiguration(process.env);
    const log = createLog(configuration.LOG_LEVEL);
    const tidemark = await startTidemark(services, configuration, log, stopping);
    log.info({ url: tidemark.url, services }, 'ready');
    if (tidemark.setupToken !== undefined && configuration.SETUP_TOKEN === undefined) {
      // Not into the log, which is kept and shipped: to whoever started it.
      console.error(`No admin yet. Make the first one: POST /v1/setup with the setup token ${tidemark.setupToken}`);
    }
    return tidemark;
  });
