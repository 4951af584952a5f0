const lookEveryMs = 250;

/**
 * Notices when the broker answers nothing any more. kafkajs says nothing of that while it tries again; a consumer asks
 * twice a second, so that silence means that nobody is there.
 */
export class Silence {
  /** How long is too long just now. Joining a group may have to wait for a dead member's session to end. */
  mostMs = 0;
  readonly #onTooLong: (mostMs: number) => void;
  #heardAt = 0;
  #look: NodeJS.Timeout | undefined;

  constructor(onTooLong: (mostMs: number) => void) {
    this.#onTooLong = onTooLong;
  }

  heard(): void {
    this.#heardAt = performance.now();
  }

  watch(mostMs: number): void {
    this.mostMs = mostMs;
    this.heard();
    this.#look = setInterval(() => {
      if (performance.now() - this.#heardAt > this.mostMs) this.#onTooLong(this.mostMs);
    }, lookEveryMs);
  }

  stop(): void {
    clearInterval(this.#look);
  }
}
