import { createHmac, timingSafeEqual } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { DomainError, isDomainError } from '../../contracts/errors.ts';
import { adminsStream } from '../../contracts/events/stream-names.ts';
import { setUp } from '../../contracts/http/user-operations.ts';
import type { EventStore, Metadata } from '../../contracts/ports/event-store.ts';
import type { Endpoint, Route } from '../../http/route.ts';
import { grantAdmin } from '../admins/appointments.ts';
import { type RegistrationNeeds, registerUser } from '../users/register-user.ts';
import { userAnswer } from '../users/user-answer.ts';

type Needs = RegistrationNeeds & {
  readonly setupToken: string;
  readonly secret: Uint8Array;
};

/** Whether there has ever been an admin. */
export const isSetUp = async (store: EventStore): Promise<boolean> =>
  (await store.readLast(adminsStream)) !== undefined;

export const setupRoutes = (needs: Needs, endpoint: Endpoint): Route[] => [
  endpoint(setUp, async ({ body: { token, ...person }, metadata: { traceparent: _, ...metadata } }) => {
    const { store, setupToken } = needs;
    if (await isSetUp(store)) throw new DomainError('setup-done');
    if (!sameText(token, setupToken)) throw new DomainError('bad-setup-token');

    // The same token and address make the same ids, so that what a crash left half done is finished by a repeat.
    const ids = idsFor(needs, token, person.email);
    const asSetup: Metadata = { ...metadata, actor: 'setup', commandId: ids.commandId };
    const decision = await registerUser(needs, { ...person, userId: ids.userId }, asSetup, 'latest');
    const position = await grantAdmin(store, ids.userId, asSetup, 'none').catch((error) => {
      // Another setup was faster: the account stays, as a member's.
      throw isDomainError(error, 'revision-conflict') ? new DomainError('setup-done') : error;
    });
    return {
      body: userAnswer(ids.userId, decision, true),
      revision: decision.revision,
      position,
      headers: { location: `/v1/users/${ids.userId}` },
    };
  }),
];

const idsFor = ({ secret, addressKeyOf }: Needs, token: string, email: string) => {
  const derive = (name: string) =>
    uuidv7({
      msecs: 0,
      random: createHmac('sha256', secret)
        .update(JSON.stringify([name, token, addressKeyOf(email)]))
        .digest()
        .subarray(0, 16),
    });
  return { commandId: derive('setup command'), userId: derive('first admin') };
};

const sameText = (given: string, expected: string): boolean => {
  const [one, other] = [given, expected].map((text) => createHmac('sha256', 'compare').update(text).digest());
  return timingSafeEqual(one!, other!);
};
