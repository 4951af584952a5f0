import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Lease } from '../contracts/ports/lease.ts';
import type { Log } from '../contracts/ports/log.ts';
import type { Vault } from '../contracts/ports/vault.ts';

const collection = 'leases';

export interface VaultLeaseOptions {
  readonly vault: Vault;
  readonly name: string;
  /** Another process takes over this long after the holder was last heard of. */
  readonly durationMs?: number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface HeldLease extends Lease {
  /** Resolves when it has been given back. */
  readonly ended: Promise<void>;
}

/**
 * Leadership by a record that its holder renews three times in its duration. The holder stops believing in it a sixth
 * of the duration before others may take it, so that clocks may differ a little. Ends with the signal and gives it back.
 * Resolves when it has been tried for once.
 */
export const holdLease = async (options: VaultLeaseOptions): Promise<HeldLease> => {
  const { vault, name, durationMs = 15_000, log, signal } = options;
  const holder = randomUUID();
  let believedUntilMs = 0;

  const take = async (): Promise<boolean> => {
    const now = Date.now();
    const kept = await vault.get(collection, name);
    const value = { holder, untilMs: now + durationMs };
    const { holder: other, untilMs } = (kept?.value ?? { holder, untilMs: 0 }) as typeof value;
    if (kept && other !== holder && untilMs > now) return false;
    const taken = kept
      ? await vault.replace(collection, name, kept.version, value)
      : await vault.insert(collection, name, value);
    if (taken) believedUntilMs = value.untilMs - durationMs / 6;
    return taken;
  };
  const giveBack = async () => {
    believedUntilMs = 0;
    const kept = await vault.get(collection, name);
    if (kept && (kept.value as { holder: string }).holder === holder)
      await vault.remove(collection, name, kept.version);
  };
  const tryFor = () =>
    take().catch((error) => {
      log.warn({ err: error, lease: name }, 'lease not renewed');
    });
  const run = async () => {
    while (!signal.aborted) {
      await pause(durationMs / 3, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await tryFor();
    }
    await giveBack().catch((error) => log.warn({ err: error, lease: name }, 'lease not given back'));
  };

  await tryFor();
  return { held: () => Date.now() < believedUntilMs, ended: run() };
};
