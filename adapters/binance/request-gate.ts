import { DomainError } from '../../contracts/errors.ts';

export interface GateLimits {
  /** Request weight that one address may use in a minute; the exchange tells in each answer how much is used. */
  readonly weightPerMinute: number;
  /** Failures in a row after which requests are refused here for a while. */
  readonly failures: number;
  /** How long at first, doubling up to `maxPauseMs` while the failures go on. */
  readonly pauseMs: number;
  readonly maxPauseMs: number;
}

export const gateLimits: GateLimits = { weightPerMinute: 6_000, failures: 5, pauseMs: 1_000, maxPauseMs: 30_000 };

/** Others at this address use the budget too, and a ban costs more than a minute without prices. */
const safeShare = 0.8;
const minuteMs = 60_000;

/** Refuses here what the exchange would refuse or is too ill to answer, so that it has no reason to ban the address. */
export class RequestGate {
  readonly #limits: GateLimits;
  #closedUntilMs = 0;
  #reason = '';
  #used = { minute: 0, weight: 0 };
  #failures = 0;

  constructor(limits: GateLimits = gateLimits) {
    this.#limits = limits;
  }

  /** @throws DomainError 'exchange-unavailable' with the time to wait */
  pass(weight: number): void {
    const nowMs = Date.now();
    if (nowMs < this.#closedUntilMs) this.#refuse(this.#reason, this.#closedUntilMs - nowMs);
    const minute = Math.floor(nowMs / minuteMs);
    if (this.#used.minute !== minute) this.#used = { minute, weight: 0 };
    if (this.#used.weight + weight > this.#limits.weightPerMinute * safeShare) {
      this.#refuse('the request weight of this minute is used up', (minute + 1) * minuteMs - nowMs);
    }
    this.#used.weight += weight;
  }

  /** What the exchange counts. Our own count stands when the answer doesn't say. */
  used(weight: number): void {
    this.#used = { minute: Math.floor(Date.now() / minuteMs), weight };
  }

  /** The exchange said how long to stay away. */
  closeFor(seconds: number, reason: string): void {
    this.#closedUntilMs = Math.max(this.#closedUntilMs, Date.now() + seconds * 1_000);
    this.#reason = reason;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(): void {
    const { failures, pauseMs, maxPauseMs } = this.#limits;
    const beyond = ++this.#failures - failures;
    if (beyond >= 0) this.closeFor(Math.min(maxPauseMs, pauseMs * 2 ** beyond) / 1_000, 'too many failures in a row');
  }

  #refuse(detail: string, waitMs: number): never {
    throw new DomainError('exchange-unavailable', { detail, retryAfterSeconds: Math.ceil(waitMs / 1_000) });
  }
}
