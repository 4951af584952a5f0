import { randomUUID } from 'node:crypto';
import { DomainError, isDomainError } from '../../contracts/errors.ts';
import { userStream } from '../../contracts/events/stream-names.ts';
import type { EventStore, Metadata } from '../../contracts/ports/event-store.ts';
import { type Decision, handle, readState } from '../handle.ts';
import { releaseAddress, reserveAddress } from './reserve-address.ts';
import { active, type User, userDecider } from './user.decider.ts';

export interface UserChanges {
  readonly userId: string;
  readonly name?: string | undefined;
  readonly email?: string | undefined;
}

export interface ChangeNeeds {
  readonly store: EventStore;
  readonly addressKeyOf: (email: string) => string;
  readonly patienceMs?: number | undefined;
}

const attempts = 5;

/**
 * Changes name and address in one append. A new address is reserved first, and given back when the change fails.
 * @throws DomainError 'user-not-found', 'revision-conflict', 'email-taken', 'email-undecided', 'busy', 'store-unavailable'
 */
export const changeUser = async (
  { store, addressKeyOf, patienceMs }: ChangeNeeds,
  { userId, name, email }: UserChanges,
  metadata: Metadata,
  expected?: number,
): Promise<Decision<User>> => {
  const stream = userStream(userId);
  if (email === undefined) return handle(store, userDecider, stream, { type: 'change-user', name }, metadata, expected);

  for (let attempt = 1; ; attempt++) {
    try {
      return await changeEmail({ store, addressKeyOf, patienceMs }, { userId, name, email }, metadata, expected);
    } catch (error) {
      // Somebody, perhaps the same user in another tab, was faster: what that left is looked at anew.
      if (expected !== undefined || attempt === attempts || !isDomainError(error, 'revision-conflict')) throw error;
    }
  }
};

const changeEmail = async (
  { store, addressKeyOf, patienceMs }: ChangeNeeds,
  { userId, name, email }: UserChanges & { readonly email: string },
  metadata: Metadata,
  expected?: number,
): Promise<Decision<User>> => {
  const stream = userStream(userId);
  const { now } = await readState(store, userDecider, stream);
  const user = active(now.state);
  if (expected !== undefined && expected !== now.revision) throw new DomainError('revision-conflict');
  const addressKey = addressKeyOf(email);
  if (addressKey === user.addressKey) {
    const address = { email, addressKey, reservationId: user.reservationId };
    // Where the address changes meanwhile, this is no longer a matter of spelling: only this revision will do.
    return handle(store, userDecider, stream, { type: 'change-user', name, email: address }, metadata, now.revision);
  }

  const address = { addressKey, reservationId: randomUUID() };
  await reserveAddress(store, userId, address, metadata, patienceMs);
  return handle(
    store,
    userDecider,
    stream,
    { type: 'change-user', name, email: { email, ...address } },
    metadata,
    expected,
  ).catch(async (error) => {
    // A store that is away may have taken the change: then the reservation is judged by whoever meets it.
    if (!isDomainError(error, 'store-unavailable')) await releaseAddress(store, address, metadata);
    throw error;
  });
};
