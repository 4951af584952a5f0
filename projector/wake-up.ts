/** Lets one loop sleep until there is something to do. */
export class WakeUp {
  #woken = false;
  #end: () => void = () => undefined;

  /** Ends the sleep, or, when nobody sleeps, the next one. */
  wake(): void {
    this.#woken = true;
    this.#end();
  }

  /** Resolves when woken, after `longestMs`, or when the signal aborts. */
  async sleep(signal: AbortSignal, longestMs = 2 ** 31 - 1): Promise<void> {
    if (!this.#woken && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const end = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', end);
          resolve();
        };
        const timer = setTimeout(end, longestMs);
        signal.addEventListener('abort', end);
        this.#end = end;
      });
    }
    this.#woken = false;
  }
}
