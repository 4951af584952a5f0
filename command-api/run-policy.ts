import { setTimeout as pause } from 'node:timers/promises';
import { isDomainError } from '../contracts/errors.ts';
import type { Policy } from '../contracts/policy.ts';
import type { EventStore, Position, RecordedEvent } from '../contracts/ports/event-store.ts';
import type { Lease } from '../contracts/ports/lease.ts';
import type { Log } from '../contracts/ports/log.ts';
import type { Vault } from '../contracts/ports/vault.ts';
import { whileHeld } from '../runtime/while-held.ts';

const checkpoints = 'policy-checkpoints';
const parkedStreams = 'policy-parked';
const tries = 5;
const longestPauseMs = 10_000;
/** A reaction may be done again, so that its checkpoint need not be on disk at every event. */
const saveEveryMs = 1_000;

export interface PolicyNeeds {
  readonly policy: Policy;
  readonly events: EventStore;
  readonly vault: Vault;
  /** Only its holder acts. */
  readonly lease: Lease;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Follows the events and reacts, from where it was left, while the lease is held. A stream whose event fails again and
 * again is parked: its later events wait for `retryParked`, the others go on. A store that is away is waited for.
 */
export const runPolicy = (needs: PolicyNeeds): Promise<void> => {
  const { lease, log, policy } = needs;
  const work = (signal: AbortSignal) =>
    follow({ ...needs, signal }).catch(async (error) => {
      if (signal.aborted) return;
      log.error({ err: error, policy: policy.name }, 'policy interrupted, goes on in a moment');
      await rest(1_000, signal);
    });
  return whileHeld(lease, needs.signal, work);
};

/** Ends with the signal, and as soon as an event or a reaction finds the lease lost. */
const follow = async (needs: PolicyNeeds): Promise<void> => {
  const { policy, events, vault, lease, signal } = needs;
  const after = await readCheckpoint(vault, checkpointOf(policy, events));
  let saved = after;
  let savedAtMs = Date.now();
  const save = async (position: Position) => {
    await writeCheckpoint(vault, checkpointOf(policy, events), position);
    saved = position;
    savedAtMs = Date.now();
  };

  let reached = after;
  for await (const item of events.subscribe({ after, streams: policy.streams, signal })) {
    if (!lease.held()) break;
    if (item.type === 'event' && !(await reactOrPark(needs, item.event))) break;
    if (item.type === 'checkpoint') {
      reached = item.position;
      if (Date.now() - savedAtMs >= saveEveryMs) await save(reached);
    }
  }
  if (lease.held() && reached !== undefined && reached !== saved) await save(reached);
};

/** False when it was left undecided: this process is stopping, or has lost the lease and must judge nothing. */
const reactOrPark = async (needs: PolicyNeeds, event: RecordedEvent): Promise<boolean> => {
  const { policy, vault, lease, log, signal } = needs;
  if (!policy.on[event.type]) return true;
  const key = `${policy.name}/${event.stream}`;
  if (await vault.get(parkedStreams, key)) return true;
  const outcome = await react(needs, event);
  if (outcome === 'done') return true;
  // Whoever has the lease meanwhile may have got further with this stream.
  if (outcome === 'undecided' || signal.aborted || !lease.held()) return false;
  await vault.insert(parkedStreams, key, { revision: event.revision, type: event.type });
  log.error(
    { err: outcome.failure, policy: policy.name, type: event.type, position: String(event.position) },
    'policy parked a stream',
  );
  return true;
};

type Outcome = 'done' | 'undecided' | { readonly failure: unknown };

/** The failure is what stayed after some tries. A store that is away is waited for as long as it takes. */
const react = async ({ policy, lease, signal }: PolicyNeeds, event: RecordedEvent): Promise<Outcome> => {
  for (let failed = 0, waited = 0; !signal.aborted && lease.held(); ) {
    try {
      await policy.on[event.type]?.(event);
      return 'done';
    } catch (error) {
      if (!isDomainError(error, 'store-unavailable')) failed++;
      if (failed === tries) return { failure: error };
      await rest(Math.min(50 * 2 ** waited++, longestPauseMs), signal);
    }
  }
  return 'undecided';
};

/** How many streams wait for `retryParked`; counts to a hundred. */
export const parkedByPolicies = async (vault: Vault): Promise<number> =>
  (await vault.list(parkedStreams, new Date(), 100)).length;

/** Reacts to a parked stream's events from the one that failed on, then lets it go on. How many events. */
export const retryParked = async (
  { policy, events, vault }: Pick<PolicyNeeds, 'policy' | 'events' | 'vault'>,
  stream: string,
): Promise<number> => {
  const key = `${policy.name}/${stream}`;
  const parked = await vault.get(parkedStreams, key);
  if (!parked) return 0;
  let next = (parked.value as { revision: number }).revision;
  const first = next;
  const catchUp = async () => {
    for await (const event of events.read(stream, next)) {
      await policy.on[event.type]?.(event);
      next = event.revision + 1;
    }
  };
  await catchUp();
  await vault.remove(parkedStreams, key);
  // What came in between was passed over, because the stream was still parked.
  await catchUp();
  return next - first;
};

/** A restored store is another one: its positions begin to mean other events. */
const checkpointOf = ({ name }: Policy, { id }: EventStore) => `${name}@${id}`;

const readCheckpoint = async (vault: Vault, name: string): Promise<Position | undefined> => {
  const kept = await vault.get(checkpoints, name);
  return kept && BigInt(kept.value as string);
};

const writeCheckpoint = async (vault: Vault, name: string, position: Position): Promise<void> => {
  const kept = await vault.get(checkpoints, name);
  if (!kept) await vault.insert(checkpoints, name, String(position));
  else if (BigInt(kept.value as string) < position)
    await vault.replace(checkpoints, name, kept.version, String(position));
};

const rest = (ms: number, signal: AbortSignal) => pause(ms, undefined, { signal }).catch(() => undefined);
