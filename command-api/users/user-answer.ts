import type { User } from '../../contracts/http/user-operations.ts';
import type { Decision } from '../handle.ts';
import { active, type User as UserState } from './user.decider.ts';

/** A user as the API shows it. */
export const userAnswer = (
  userId: string,
  { state, createdAt, updatedAt }: Decision<UserState>,
  isAdmin: boolean,
): User => {
  const { email, name } = active(state);
  return {
    id: userId,
    email,
    name,
    role: isAdmin ? 'admin' : 'member',
    createdAt: createdAt!.toISOString(),
    updatedAt: updatedAt!.toISOString(),
  };
};
