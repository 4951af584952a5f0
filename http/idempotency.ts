import { createHmac } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { DomainError } from '../contracts/errors.ts';
import type { Vault } from '../contracts/ports/vault.ts';

const collection = 'idempotency';
const keptMs = 24 * 3_600_000;
/** For so long a request may run before a repeat runs it again. */
const leaseMs = 30_000;

export interface KeptAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly subject?: string | undefined;
}

interface Kept {
  readonly bodyMac: string;
  /** When the first request came: ids are made of it. */
  readonly startedAtMs: number;
  readonly leaseUntilMs: number;
  readonly answer?: KeptAnswer;
}

export interface KeyedRequest {
  /** A user id, or `anyone`. */
  readonly caller: string;
  readonly operation: string;
  readonly key: string;
  readonly body: unknown;
}

/** The ids that a request makes its things with. */
export interface DerivedIds {
  readonly commandId: string;
  readonly newId: string;
}

/** Answers a request that is repeated with its Idempotency-Key as the first time, for 24 hours. */
export class IdempotentRequests {
  readonly #vault: Vault;
  readonly #secret: Uint8Array;

  constructor(vault: Vault, secret: Uint8Array) {
    this.#vault = vault;
    this.#secret = secret;
  }

  /**
   * Runs the request, or answers as it was answered before. Answers of 429 and 5xx are not kept.
   * @throws DomainError 'idempotency-key-reused' for another body; 'idempotency-key-in-use' while the first still runs
   */
  async run(request: KeyedRequest, execute: (ids: DerivedIds) => Promise<KeptAnswer>): Promise<KeptAnswer> {
    const id = this.#mac('id', request.caller, request.operation, request.key).toString('base64url');
    const bodyMac = this.#mac('body', JSON.stringify(request.body)).toString('base64url');
    const { kept, version } = await this.#begin(id, bodyMac);
    if (kept.answer) return kept.answer;

    // Until there is an answer to keep, the record stays without one: a repeat must make the same ids again.
    let answer: KeptAnswer | undefined;
    try {
      answer = await execute(this.#ids(id, kept.startedAtMs));
      return answer;
    } finally {
      const final = answer && answer.status !== 429 && answer.status < 500 ? { answer } : { leaseUntilMs: 0 };
      const record = { ...kept, ...final };
      await this.#vault.replace(collection, id, version, record, { ...expiry(kept), subject: record.answer?.subject });
    }
  }

  async #begin(id: string, bodyMac: string): Promise<{ kept: Kept; version: number }> {
    const now = Date.now();
    const first: Kept = { bodyMac, startedAtMs: now, leaseUntilMs: now + leaseMs };
    if (await this.#vault.insert(collection, id, first, expiry(first))) return { kept: first, version: 0 };

    const record = await this.#vault.get(collection, id);
    if (!record) return this.#begin(id, bodyMac);
    const kept = record.value as Kept;
    if (kept.bodyMac !== bodyMac) throw new DomainError('idempotency-key-reused');
    if (kept.answer) return { kept, version: record.version };
    const waitMs = kept.leaseUntilMs - now;
    if (waitMs > 0) throw new DomainError('idempotency-key-in-use', { retryAfterSeconds: Math.ceil(waitMs / 1000) });
    const again: Kept = { ...kept, leaseUntilMs: now + leaseMs };
    if (await this.#vault.replace(collection, id, record.version, again, expiry(again))) {
      return { kept: again, version: record.version + 1 };
    }
    return this.#begin(id, bodyMac);
  }

  #ids(id: string, startedAtMs: number): DerivedIds {
    const derive = (name: string) => {
      const random = this.#mac(name, id, String(startedAtMs)).subarray(0, 16);
      return uuidv7({ msecs: startedAtMs, random });
    };
    return { commandId: derive('command'), newId: derive('thing') };
  }

  #mac(...parts: readonly string[]): Buffer {
    return createHmac('sha256', this.#secret).update(JSON.stringify(parts)).digest();
  }
}

const expiry = ({ startedAtMs }: Kept) => ({ expiresAt: new Date(startedAtMs + keptMs) });
