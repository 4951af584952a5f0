import { isDomainError } from '../contracts/errors.ts';
import type { Log } from '../contracts/ports/log.ts';

/** Tells the operator once when something goes away, and once when it is back, however often it failed in between. */
export class Outage {
  readonly #log: Log;
  readonly #what: string;
  #sinceMs: number | undefined;

  /** `what` as in: 'the exchange is away'. */
  constructor(log: Log, what: string) {
    this.#log = log;
    this.#what = what;
  }

  begin(error: unknown): void {
    if (this.#sinceMs !== undefined) return;
    this.#sinceMs = Date.now();
    // What the catalogue knows is no bug: its stack would only hide the line that says what is wrong.
    const fields = isDomainError(error) ? { code: error.code, detail: error.detail } : { err: error };
    this.#log.warn(fields, `${this.#what} is away`);
  }

  end(): void {
    if (this.#sinceMs === undefined) return;
    this.#log.info({ lastedMs: Date.now() - this.#sinceMs }, `${this.#what} is back`);
    this.#sinceMs = undefined;
  }
}
