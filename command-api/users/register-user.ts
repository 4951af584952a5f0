import { DomainError, isDomainError } from '../../contracts/errors.ts';
import { eventId } from '../../contracts/events/event-id.ts';
import { userStream } from '../../contracts/events/stream-names.ts';
import type { EventStore, Metadata } from '../../contracts/ports/event-store.ts';
import type { Passwords } from '../../runtime/passwords.ts';
import type { PersonalData } from '../../runtime/personal-data.ts';
import { type Decision, handle, readState } from '../handle.ts';
import type { Credentials } from '../sessions/credentials.ts';
import { refuseHeld, releaseAddress, reserveAddress } from './reserve-address.ts';
import { type User, userDecider } from './user.decider.ts';

export interface Registration {
  readonly userId: string;
  readonly email: string;
  readonly name: string;
  readonly password: string;
}

export interface RegistrationNeeds {
  readonly store: EventStore;
  readonly credentials: Credentials;
  readonly personalData: PersonalData;
  readonly passwords: Passwords;
  readonly addressKeyOf: (email: string) => string;
  readonly patienceMs?: number | undefined;
}

/**
 * Makes a user: hash → vault (note, key, credential) → address reserved → user created → note removed. A crash in
 * between leaves a registration that the same command finishes, or that others give up for it; there is never a
 * user without a password. The command id and the user id must be the same when it is tried again; `keepHash` says
 * whether a repeat's password replaces the first one's.
 * @throws DomainError 'email-taken', 'email-undecided', 'registration-abandoned', 'busy', 'store-unavailable'
 */
export const registerUser = async (
  { store, credentials, personalData, passwords, addressKeyOf, patienceMs }: RegistrationNeeds,
  { userId, email, name, password }: Registration,
  metadata: Metadata,
  keepHash: 'first' | 'latest' = 'first',
): Promise<Decision<User>> => {
  const stream = userStream(userId);
  const address = { addressKey: addressKeyOf(email), reservationId: eventId(metadata.commandId, 'reservation', 0) };
  const { now, done } = await readState(store, userDecider, stream, metadata.commandId);
  if (done) {
    // Made and deleted since: nothing may be kept for them again.
    if (now.state.status !== 'active') throw new DomainError('registration-abandoned');
    if (keepHash === 'latest') await credentials.put(userId, await passwords.hash(password));
    await credentials.finish(userId);
    return done;
  }
  await refuseHeld(store, address);
  const hash = await passwords.hash(password);

  await credentials.begin(userId);
  if (!(await personalData.createKey(userId))) throw new DomainError('registration-abandoned');
  await (keepHash === 'first' ? credentials.add(userId, hash) : credentials.put(userId, hash));

  await reserveAddress(store, userId, address, metadata, patienceMs);
  const created = await handle(
    store,
    userDecider,
    stream,
    { type: 'create-user', email, name, ...address },
    metadata,
  ).catch(async (error) => {
    if (isDomainError(error, 'registration-abandoned')) {
      // Given up for us while we were slow: what was kept since then is found by nobody else.
      await releaseAddress(store, address, metadata);
      const { state } = (await readState(store, userDecider, stream)).now;
      if (state.status === 'abandoned') await forgetRegistration({ credentials, personalData }, userId);
    }
    throw error;
  });
  await credentials.finish(userId);
  return created;
};

/** Clears what the vault keeps for a registration that was given up. */
export const forgetRegistration = async (
  { credentials, personalData }: Pick<RegistrationNeeds, 'credentials' | 'personalData'>,
  userId: string,
): Promise<void> => {
  await credentials.remove(userId);
  await personalData.forgetKey(userId);
  await credentials.finish(userId);
};
