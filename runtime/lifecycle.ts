import type { Log } from '../contracts/ports/log.ts';

/** What was started, to be stopped in reverse order. */
export class Lifecycle {
  readonly #stops: { readonly name: string; readonly stop: () => unknown }[] = [];
  readonly #log: Log;
  #stopped: Promise<void> | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** `stop` is called once, after that of everything added later. */
  onStop(name: string, stop: () => unknown): void {
    this.#stops.push({ name, stop });
  }

  /** One that fails to stop is logged, and the rest are stopped all the same. May be called again. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  async #stopAll(): Promise<void> {
    for (const { name, stop } of this.#stops.reverse()) {
      try {
        await stop();
      } catch (error) {
        this.#log.error({ err: error, part: name }, 'did not stop cleanly');
      }
    }
  }
}
