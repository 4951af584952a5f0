import { DomainError } from '../../contracts/errors.ts';
import { emailStream, userStream } from '../../contracts/events/stream-names.ts';
import type { EventStore } from '../../contracts/ports/event-store.ts';
import type { Passwords } from '../../runtime/passwords.ts';
import { type Decision, readState } from '../handle.ts';
import { emailDecider } from '../users/email.decider.ts';
import { type User, userDecider } from '../users/user.decider.ts';
import type { Credentials } from './credentials.ts';
import type { SignInLimits } from './sign-in-limits.ts';

export interface SignInNeeds {
  readonly store: EventStore;
  readonly credentials: Credentials;
  readonly passwords: Passwords;
  readonly limits: SignInLimits;
  readonly addressKeyOf: (email: string) => string;
}

export interface SignedIn {
  readonly userId: string;
  readonly user: Decision<User>;
}

/**
 * Who signs in with this address and password. No account, a wrong password and a deleted account answer alike, in
 * words and in time.
 * @throws DomainError 'bad-credentials', 'too-many-attempts', 'busy'
 */
export const checkSignIn = async (
  { store, credentials, passwords, limits, addressKeyOf }: SignInNeeds,
  { email, password, address }: { readonly email: string; readonly password: string; readonly address: string },
): Promise<SignedIn> => {
  const addressKey = addressKeyOf(email);
  const attempt = await limits.begin(addressKey, address);
  const check = async () => {
    const found = await accountAt(store, addressKey);
    const hash = found && (await credentials.hashOf(found.userId));
    return (await passwords.verify(hash, password)) ? found : undefined;
  };
  const found = await check().catch(async (error) => {
    await attempt.untried();
    throw error;
  });
  if (!found) throw new DomainError('bad-credentials');
  await attempt.succeeded();
  return found;
};

/** The active user who holds the address. */
const accountAt = async (store: EventStore, addressKey: string): Promise<SignedIn | undefined> => {
  const { holder } = (await readState(store, emailDecider, emailStream(addressKey))).now.state;
  if (!holder) return undefined;
  const { now } = await readState(store, userDecider, userStream(holder.userId));
  const holds = now.state.status === 'active' && now.state.reservationId === holder.reservationId;
  return holds ? { userId: holder.userId, user: now } : undefined;
};
