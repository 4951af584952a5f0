import type { Gateway } from '../query-api/sockets/gateway.ts';
import { followAccess } from '../runtime/follow-access.ts';
import { untilAvailable } from '../runtime/until-available.ts';
import type { SharedParts } from './shared-parts.ts';
import type { StartNeeds } from './start-needs.ts';

/** From here on, what this process remembers of somebody's rights ends with them: tokens, and sockets where it has any. */
export const letAccessEnd = async (
  { events, tokens }: SharedParts,
  gateway: Gateway | undefined,
  { log, lifecycle, stopping }: StartNeeds,
): Promise<void> => {
  const head = await untilAvailable('the event store', () => events.head(), log, stopping);
  const unfollow = new AbortController();
  const following = followAccess(
    events,
    head,
    {
      sessionEnded: (sessionId) => {
        tokens.evictSession(sessionId);
        gateway?.closeSession(sessionId);
      },
      userDeleted: (userId) => {
        tokens.evictUser(userId);
        gateway?.closeUser(userId);
      },
      adminChanged: (userId, isAdmin) => gateway?.setAdmin(userId, isAdmin),
    },
    log,
    unfollow.signal,
  );
  lifecycle.onStop('access', () => {
    unfollow.abort();
    return following;
  });
};
