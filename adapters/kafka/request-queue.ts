import { createRequire } from 'node:module';

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
}

/**
 * kafkajs 2.2.4 looks after waiting requests every millisecond for as long as a connection lives, also when none waits:
 * a twentieth of a core for nothing, and a warning of a negative timeout from Node 24 on (kafkajs issues 1704, 1751).
 * From now on it looks only where one waits.
 */
export const quietRequestQueues = (): void => {
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as {
    readonly prototype: RequestQueue & { quiet?: boolean };
  };
  if (prototype.quiet) return;
  prototype.quiet = true;
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0) schedule.call(this);
  };
};
