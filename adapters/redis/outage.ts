import type { Log } from '../../contracts/ports/log.ts';

/** Tells the operator once when the server goes away and once when it is back. */
export class Outage {
  readonly #log: Log;
  #sinceMs: number | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  began(error: unknown): void {
    if (this.#sinceMs !== undefined) return;
    this.#sinceMs = performance.now();
    this.#log.warn({ err: withoutCommand(error) }, 'redis is away');
  }

  ended(): void {
    if (this.#sinceMs === undefined) return;
    const awayMs = Math.round(performance.now() - this.#sinceMs);
    this.#sinceMs = undefined;
    this.#log.info({ awayMs }, 'redis is back');
  }
}

/**
 * What the error says and nothing else: the library hangs the command on its errors, and that may be the one with the
 * password.
 */
export const withoutCommand = (error: unknown): Error => {
  const { message = '', code } = error as { readonly message?: string; readonly code?: unknown };
  // Where a name has several addresses and none answers, there is a code only.
  return Object.assign(new Error(message || String(code ?? error)), code === undefined ? {} : { code });
};
