import type { Log } from '../contracts/ports/log.ts';
import type { Configuration } from '../runtime/configuration.ts';
import type { Lifecycle } from '../runtime/lifecycle.ts';
import type { Service } from './services.ts';

/** What everything that is put together in one process is put together with. */
export interface StartNeeds {
  readonly services: readonly Service[];
  readonly configuration: Configuration;
  readonly log: Log;
  readonly lifecycle: Lifecycle;
  /** Aborts when the process is told to stop while it still starts. */
  readonly stopping: AbortSignal;
}
