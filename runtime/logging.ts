import { type Logger, pino } from 'pino';
import type { Configuration } from './configuration.ts';

/** One JSON object a line, to stdout. Nothing personal is ever given to it. */
export const createLog = (level: Configuration['LOG_LEVEL']): Logger =>
  pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
