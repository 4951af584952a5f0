import { createHmac, timingSafeEqual } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { DomainError, isDomainError } from '../../contracts/errors.ts';
import { adminsStream, userStream } from '../../contracts/events/stream-names.ts';
import type { EventStore, Metadata, Position } from '../../contracts/ports/event-store.ts';
import { grantAdmin } from '../admins/appointments.ts';
import { type Decision, readState } from '../handle.ts';
import { type Registration, type RegistrationNeeds, registerUser } from '../users/register-user.ts';
import { type User, userDecider } from '../users/user.decider.ts';

export type SetupNeeds = RegistrationNeeds & {
  readonly setupToken: string;
  /** Makes the ids. */
  readonly secret: Uint8Array;
};

export interface FirstAdmin {
  readonly userId: string;
  readonly user: Decision<User>;
  readonly position: Position | undefined;
}

/** Whether there has ever been an admin. */
export const isSetUp = async (store: EventStore): Promise<boolean> =>
  (await store.readLast(adminsStream)) !== undefined;

/**
 * Registers the first admin. The same token and address make the same ids, so that what a crash left half done is
 * finished by a repeat; a repeat may bring another password, since whoever has the token may. It succeeds once.
 * @throws DomainError 'setup-done', 'bad-setup-token', and what a registration can fail with
 */
export const setUpFirstAdmin = async (
  needs: SetupNeeds,
  { token, ...person }: Omit<Registration, 'userId'> & { readonly token: string },
  metadata: Metadata,
): Promise<FirstAdmin> => {
  if (await isSetUp(needs.store)) throw new DomainError('setup-done');
  if (!sameText(token, needs.setupToken)) throw new DomainError('bad-setup-token');

  const userId = derivedId(needs, 'first admin', token, person.email);
  const asSetup = { ...metadata, actor: 'setup', commandId: derivedId(needs, 'setup', token, person.email) };
  await registerUser(needs, { ...person, userId }, asSetup, 'latest');
  const position = await grantAdmin(needs.store, userId, asSetup, 'none').catch((error) => {
    // Another setup was faster: this account stays, as a member's.
    throw isDomainError(error, 'revision-conflict') ? new DomainError('setup-done') : error;
  });
  const { now: user } = await readState(needs.store, userDecider, userStream(userId));
  return { userId, user, position };
};

const derivedId = ({ secret, addressKeyOf }: SetupNeeds, name: string, token: string, email: string): string => {
  const text = JSON.stringify([name, token, addressKeyOf(email)]);
  return uuidv7({ msecs: 0, random: createHmac('sha256', secret).update(text).digest().subarray(0, 16) });
};

const sameText = (given: string, expected: string): boolean => {
  const [one, other] = [given, expected].map((text) => createHmac('sha256', 'compare').update(text).digest());
  return timingSafeEqual(one!, other!);
};
