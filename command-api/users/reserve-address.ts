import { DomainError, isDomainError } from '../../contracts/errors.ts';
import { eventId } from '../../contracts/events/event-id.ts';
import { emailStream, userStream } from '../../contracts/events/stream-names.ts';
import type { EventStore, Metadata } from '../../contracts/ports/event-store.ts';
import { handle, readState } from '../handle.ts';
import { emailDecider, type Holder } from './email.decider.ts';
import { type AddressReservation, userDecider } from './user.decider.ts';

/** How long a registration or change may stay undecided before others give it up for its owner. */
export const undecidedMs = 10_000;

const attempts = 20;

/** What the holder's own stream says of a reservation. */
type Verdict =
  /** It is theirs. */
  | 'held'
  /** It never became theirs and never will, or they have moved on. */
  | 'free'
  /** They may still be about to take it. */
  | 'undecided';

const judge = async (store: EventStore, { userId, reservationId }: Holder): Promise<Verdict> => {
  const { now } = await readState(store, userDecider, userStream(userId));
  const user = now.state;
  if (user.status === 'absent') return 'undecided';
  if (user.status !== 'active') return 'free';
  if (user.reservationId === reservationId) return 'held';
  return [...user.past, ...user.abandoned].includes(reservationId) ? 'free' : 'undecided';
};

/**
 * Writes on the holder's own stream that this reservation comes to nothing, so that a slow owner can't take it later.
 * Where the owner was faster, nothing is written: judge again either way.
 */
const fence = async (store: EventStore, holder: Holder, addressKey: string, metadata: Metadata): Promise<void> => {
  const { now } = await readState(store, userDecider, userStream(holder.userId));
  const command =
    now.state.status === 'absent'
      ? ({ type: 'abandon-registration' } as const)
      : ({ type: 'abandon-email-change', addressKey, reservationId: holder.reservationId } as const);
  const commandId = eventId(holder.reservationId, 'fence', 0);
  await handle(store, userDecider, userStream(holder.userId), command, { ...metadata, commandId });
};

/**
 * Says early, before anything is written for a newcomer, that an address is somebody's. It may still be lost later.
 * @throws DomainError 'email-taken'
 */
export const refuseHeld = async (
  store: EventStore,
  { addressKey, reservationId }: AddressReservation,
): Promise<void> => {
  const { holder } = (await readState(store, emailDecider, emailStream(addressKey))).now.state;
  if (holder && holder.reservationId !== reservationId && (await judge(store, holder)) === 'held') {
    throw new DomainError('email-taken');
  }
};

/**
 * Takes the address for the user, unless somebody holds it; a reservation that came to nothing is no obstacle.
 * The reservation is worth something only once the user's own stream names it. May be repeated.
 * @throws DomainError 'email-taken'; 'revision-conflict' when it is the user's own meanwhile; 'email-undecided' with
 * when to come again; 'busy'
 */
export const reserveAddress = async (
  store: EventStore,
  userId: string,
  { addressKey, reservationId }: AddressReservation,
  metadata: Metadata,
  patienceMs = undecidedMs,
): Promise<void> => {
  const stream = emailStream(addressKey);
  for (let attempt = 0; attempt < attempts; attempt++) {
    const { now } = await readState(store, emailDecider, stream);
    const { holder } = now.state;
    if (holder?.reservationId === reservationId) return;
    if (holder) {
      const verdict = await judge(store, holder);
      // One's own: another change of the same user came first.
      if (verdict === 'held') throw new DomainError(holder.userId === userId ? 'revision-conflict' : 'email-taken');
      if (verdict === 'undecided') {
        const waitMs = now.updatedAt!.getTime() + patienceMs - Date.now();
        if (waitMs > 0) throw new DomainError('email-undecided', { retryAfterSeconds: Math.ceil(waitMs / 1000) });
        await fence(store, holder, addressKey, metadata);
        continue;
      }
    }
    try {
      // At the revision that was judged: whoever came in between is judged in the next round.
      await handle(
        store,
        emailDecider,
        stream,
        { type: 'reserve-email', userId, reservationId },
        { ...metadata, commandId: eventId(reservationId, `reserve at ${now.revision}`, 0) },
        now.revision < 0 ? 'none' : now.revision,
      );
      return;
    } catch (error) {
      if (!isDomainError(error, 'revision-conflict')) throw error;
    }
  }
  throw new DomainError('busy', { detail: 'many want this address', retryAfterSeconds: 1 });
};

/** Gives the reservation back; does nothing for an address that somebody else has reserved since. May be repeated. */
export const releaseAddress = async (
  store: EventStore,
  { addressKey, reservationId }: AddressReservation,
  metadata: Metadata,
): Promise<void> => {
  const commandId = eventId(reservationId, 'release', 0);
  await handle(
    store,
    emailDecider,
    emailStream(addressKey),
    { type: 'release-email', reservationId },
    { ...metadata, commandId },
  );
};
