import {
  changeMe,
  changeUser as changeUserOperation,
  createUser,
  deleteMe,
  deleteUser as deleteUserOperation,
} from '../../contracts/http/user-operations.ts';
import type { AccessTokens } from '../../http/access-tokens.ts';
import { type Call, type Endpoint, type Route, signedIn } from '../../http/route.ts';
import type { AdminRoster } from '../../runtime/admins.ts';
import { type ChangeNeeds, changeUser, type UserChanges } from './change-user.ts';
import { type DeletionNeeds, deleteUser } from './delete-user.ts';
import { type RegistrationNeeds, registerUser } from './register-user.ts';
import { userAnswer } from './user-answer.ts';

type Needs = RegistrationNeeds &
  ChangeNeeds &
  DeletionNeeds & { readonly admins: AdminRoster; readonly tokens: Pick<AccessTokens, 'evictUser'> };

export const userRoutes = (needs: Needs, endpoint: Endpoint): Route[] => {
  const { admins } = needs;
  const change = async (userId: string, call: ChangeCall) => {
    const decision = await changeUser(needs, { ...call.body, userId }, call.metadata, call.expected);
    const body = userAnswer(userId, decision, await admins.isAdmin(userId));
    return { body, revision: decision.revision, position: decision.position };
  };
  const remove = async (userId: string, call: DeleteCall) => {
    const { position } = await deleteUser(needs, userId, call.metadata, call.expected);
    // The event tells every process; this one need not wait for it.
    needs.tokens.evictUser(userId);
    return { position };
  };

  return [
    endpoint(createUser, async ({ body, metadata, newId }) => {
      const decision = await registerUser(needs, { ...body, userId: newId }, metadata);
      return {
        body: userAnswer(newId, decision, false),
        revision: decision.revision,
        position: decision.position,
        headers: { location: `/v1/users/${newId}` },
        subject: newId,
      };
    }),
    endpoint(changeUserOperation, (call) => change(call.params.id, call)),
    endpoint(changeMe, (call) => change(signedIn(call).userId, call)),
    endpoint(deleteUserOperation, (call) => remove(call.params.id, call)),
    endpoint(deleteMe, (call) => remove(signedIn(call).userId, call)),
  ];
};

type DeleteCall = Pick<Call<unknown, unknown, unknown>, 'metadata' | 'expected'>;
type ChangeCall = DeleteCall & { readonly body: Omit<UserChanges, 'userId'> };
