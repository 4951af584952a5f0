import { eventId } from '../../contracts/events/event-id.ts';
import { userStream } from '../../contracts/events/stream-names.ts';
import type { Log } from '../../contracts/ports/log.ts';
import { handle } from '../handle.ts';
import { forgetRegistration, type RegistrationNeeds } from './register-user.ts';
import { userDecider } from './user.decider.ts';

const batch = 500;
/** Long enough that whoever registers has either finished or given up. */
export const unfinishedMs = 60_000;

export type SweepNeeds = Pick<RegistrationNeeds, 'store' | 'credentials' | 'personalData'> & { readonly log?: Log };

/**
 * Looks at registrations that began and were never reported finished. Where the user never came, it makes sure that
 * they never will (on their own stream), and only then clears the credential and the key away. One that can't be
 * judged just now hinders no other. Returns how many it gave up.
 */
export const sweepRegistrations = async (
  needs: SweepNeeds,
  before = new Date(Date.now() - unfinishedMs),
  signal?: AbortSignal,
): Promise<number> => {
  let givenUp = 0;
  for (const { userId } of await needs.credentials.unfinishedSince(before, batch)) {
    if (signal?.aborted) break;
    try {
      if (await giveUp(needs, userId)) givenUp++;
    } catch (error) {
      needs.log?.error({ err: error }, 'an unfinished registration could not be swept');
    }
  }
  return givenUp;
};

/** False when the user came after all. */
const giveUp = async ({ store, credentials, personalData }: SweepNeeds, userId: string): Promise<boolean> => {
  const commandId = eventId(userId, 'sweep', 0);
  const metadata = { actor: 'sweeper', commandId, correlationId: commandId };
  const { state } = await handle(store, userDecider, userStream(userId), { type: 'abandon-registration' }, metadata);
  if (state.status === 'abandoned') await forgetRegistration({ credentials, personalData }, userId);
  else await credentials.finish(userId);
  return state.status === 'abandoned';
};
