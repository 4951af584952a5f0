import { eventId } from '../../contracts/events/event-id.ts';
import { userStream } from '../../contracts/events/stream-names.ts';
import { handle } from '../handle.ts';
import { forgetRegistration, type RegistrationNeeds } from './register-user.ts';
import { userDecider } from './user.decider.ts';

const batch = 500;
/** Long enough that whoever registers has either finished or given up. */
export const unfinishedMs = 60_000;

/**
 * Looks at registrations that began and were never reported finished. Where the user never came, it makes sure that
 * they never will (on their own stream), and only then clears the credential and the key away. Returns how many it
 * gave up.
 */
export const sweepRegistrations = async (
  { store, credentials, personalData }: Pick<RegistrationNeeds, 'store' | 'credentials' | 'personalData'>,
  before = new Date(Date.now() - unfinishedMs),
): Promise<number> => {
  let givenUp = 0;
  for (const { userId } of await credentials.unfinishedSince(before, batch)) {
    const commandId = eventId(userId, 'sweep', 0);
    const metadata = { actor: 'sweeper', commandId, correlationId: commandId };
    const { state } = await handle(store, userDecider, userStream(userId), { type: 'abandon-registration' }, metadata);
    if (state.status === 'abandoned') {
      await forgetRegistration({ credentials, personalData }, userId);
      givenUp++;
    } else await credentials.finish(userId);
  }
  return givenUp;
};
