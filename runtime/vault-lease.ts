import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Lease } from '../contracts/ports/lease.ts';
import type { Log } from '../contracts/ports/log.ts';
import type { Vault } from '../contracts/ports/vault.ts';
import { LeaseRecord } from './lease-record.ts';

export interface VaultLeaseOptions {
  readonly vault: Vault;
  /** Whoever gives the same contends for the same lease, and gives the same duration. */
  readonly name: string;
  /** Another process takes over when it has seen no renewal for as long. 6 s when absent. */
  readonly durationMs?: number;
  readonly log: Log;
  /** Gives it back. Abort it when the work that it stands for has ended. */
  readonly signal: AbortSignal;
}

export interface HeldLease extends Lease {
  /** Resolves when it has been given back, or could not be. Never rejects. */
  readonly ended: Promise<void>;
}

/**
 * Contends for leadership, until the signal aborts, by a record that its holder renews three times in its duration. Given
 * back at a clean stop, it is another's within a sixth of the duration; of a holder that died, or can't reach the vault,
 * within seven sixths. Resolves when it has been tried for once, held or not. Never rejects.
 */
export const holdLease = async (options: VaultLeaseOptions): Promise<HeldLease> => {
  const { vault, name, durationMs = 6_000, log, signal } = options;
  const record = new LeaseRecord({ vault, name, holder: randomUUID(), durationMs });
  let was = false;
  let away = false;
  const tell = (is: boolean) => {
    if (is !== was) log.info({ lease: name }, is ? 'lease taken' : 'lease lost');
    was = is;
  };

  const tryFor = async () => {
    const askedMs = performance.now();
    try {
      await record.take();
      away = false;
    } catch (error) {
      if (!away) log.warn({ err: error, lease: name }, 'lease can’t be asked for: the vault is away');
      away = true;
    }
    tell(record.held());
    return askedMs;
  };
  const run = async (askedMs: number) => {
    while (!signal.aborted) {
      // Who waits looks more often, and changes nothing.
      const nextMs = askedMs + durationMs / (record.held() ? 3 : 6);
      await pause(nextMs - performance.now(), undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) askedMs = await tryFor();
    }
    await record.giveBack().catch((error) => log.warn({ err: error, lease: name }, 'lease not given back'));
  };

  const askedMs = await tryFor();
  return { held: () => record.held(), ended: run(askedMs) };
};
