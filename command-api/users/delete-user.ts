import { userStream } from '../../contracts/events/stream-names.ts';
import type { EventStore, Metadata } from '../../contracts/ports/event-store.ts';
import type { Vault } from '../../contracts/ports/vault.ts';
import type { PersonalData } from '../../runtime/personal-data.ts';
import { type Decision, handle } from '../handle.ts';
import { type User, userDecider } from './user.decider.ts';

export interface DeletionNeeds {
  readonly store: EventStore;
  readonly vault: Vault;
  readonly personalData: PersonalData;
}

/**
 * Deletes the user, and everything personal before it answers. What a crash leaves, `user-aftermath.policy.ts` finishes.
 * @throws DomainError 'user-not-found', 'admin-must-step-down', 'revision-conflict', 'busy', 'store-unavailable'
 */
export const deleteUser = async (
  needs: DeletionNeeds,
  userId: string,
  metadata: Metadata,
  expected?: number,
): Promise<Decision<User>> => {
  const deleted = await handle(
    needs.store,
    userDecider,
    userStream(userId),
    { type: 'delete-user' },
    metadata,
    expected,
  );
  await erase(needs, userId);
  return deleted;
};

/**
 * Destroys the key that the user's personal fields are sealed under, then the credential, sessions and whatever else
 * the vault keeps of them. May be repeated.
 */
export const erase = async ({ vault, personalData }: Omit<DeletionNeeds, 'store'>, userId: string): Promise<void> => {
  await personalData.destroyKey(userId);
  await vault.removeSubject(userId);
};
