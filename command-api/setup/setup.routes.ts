import { setUp } from '../../contracts/http/user-operations.ts';
import type { Endpoint, Route } from '../../http/route.ts';
import { userAnswer } from '../users/user-answer.ts';
import { type SetupNeeds, setUpFirstAdmin } from './set-up.ts';

export const setupRoutes = (needs: SetupNeeds, endpoint: Endpoint): Route[] => [
  endpoint(setUp, async ({ body, metadata }) => {
    const { userId, user, position } = await setUpFirstAdmin(needs, body, metadata);
    return {
      body: userAnswer(userId, user, true),
      revision: user.revision,
      position,
      headers: { location: `/v1/users/${userId}` },
    };
  }),
];
