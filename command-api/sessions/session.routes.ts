import { refreshSession, signIn, signOut } from '../../contracts/http/session-operations.ts';
import { type AccessTokens, accessTokenSeconds } from '../../http/access-tokens.ts';
import { type Endpoint, type Route, signedIn } from '../../http/route.ts';
import type { AdminRoster } from '../../runtime/admins.ts';
import { userAnswer } from '../users/user-answer.ts';
import type { Session, Sessions } from './sessions.ts';
import { checkSignIn, type SignInNeeds } from './sign-in.ts';

type Needs = SignInNeeds & {
  readonly sessions: Sessions;
  readonly tokens: AccessTokens;
  readonly admins: AdminRoster;
};

export const sessionRoutes = (needs: Needs, endpoint: Endpoint): Route[] => {
  const { sessions, tokens, admins } = needs;
  const tokensOf = async ({ userId, sessionId, refreshToken }: Session) => ({
    accessToken: await tokens.issue(userId, sessionId),
    refreshToken,
    tokenType: 'Bearer',
    expiresInSeconds: accessTokenSeconds,
  });

  return [
    endpoint(signIn, async ({ body, address }) => {
      const { userId, user } = await checkSignIn(needs, { ...body, address });
      const answer = userAnswer(userId, user, await admins.isAdmin(userId));
      return { body: { ...(await tokensOf(await sessions.start(userId))), user: answer }, position: user.position };
    }),
    endpoint(refreshSession, async ({ body, metadata }) => ({
      body: await tokensOf(await sessions.refresh(body.refreshToken, metadata)),
    })),
    endpoint(signOut, async (call) => {
      const { userId, sessionId } = signedIn(call);
      try {
        await sessions.end(userId, sessionId, 'signed-out', call.metadata);
      } finally {
        // The event tells every process; this one need not wait for it, or may have failed to write it.
        tokens.evictSession(sessionId);
      }
      return {};
    }),
  ];
};
