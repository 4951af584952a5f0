import type { Decider } from '../../contracts/decider.ts';
import { DomainError } from '../../contracts/errors.ts';
import type { UserEvent } from '../../contracts/events/user-events.ts';

export interface AddressReservation {
  readonly addressKey: string;
  readonly reservationId: string;
}

export type UserCommand =
  | ({ readonly type: 'create-user'; readonly email: string; readonly name: string } & AddressReservation)
  | { readonly type: 'abandon-registration' }
  | {
      readonly type: 'change-user';
      readonly name?: string | undefined;
      /** The reservation is the current one when only the spelling changes. */
      readonly email?: ({ readonly email: string } & AddressReservation) | undefined;
    }
  | ({ readonly type: 'abandon-email-change' } & AddressReservation)
  | { readonly type: 'appoint'; readonly appointmentId: string }
  | { readonly type: 'dismiss'; readonly appointmentId: string }
  | { readonly type: 'delete-user' };

export interface ActiveUser extends AddressReservation {
  readonly status: 'active';
  readonly email: string;
  readonly name: string;
  /** Reservations that were this user's and were given up. */
  readonly past: readonly string[];
  /** Reservations that will never become this user's. */
  readonly abandoned: readonly string[];
  /** As an admin, or about to become one. */
  readonly appointmentId: string | undefined;
}

export type User = ActiveUser | { readonly status: 'absent' | 'abandoned' | 'deleted' };

/** @throws DomainError 'user-not-found' */
export const active = (user: User): ActiveUser => {
  if (user.status !== 'active') throw new DomainError('user-not-found');
  return user;
};

const emailEvents = (user: ActiveUser, wish: { email: string } & AddressReservation): UserEvent[] => {
  const { addressKey, reservationId } = user;
  if (wish.email === user.email) return [];
  if (wish.addressKey === addressKey) {
    return [{ type: 'user.email-changed', data: { email: wish.email, addressKey, reservationId } }];
  }
  if (user.abandoned.includes(wish.reservationId)) {
    throw new DomainError('email-undecided', {
      detail: 'the change took too long and was given up',
      retryAfterSeconds: 1,
    });
  }
  return [{ type: 'user.email-changed', data: { ...wish, previous: { addressKey, reservationId } } }];
};

export const userDecider: Decider<UserCommand, User, UserEvent> = {
  initial: { status: 'absent' },

  decide: {
    'create-user': ({ type: _, ...data }, user) => {
      if (user.status !== 'absent') throw new DomainError('registration-abandoned');
      return [{ type: 'user.created', data }];
    },
    'abandon-registration': (_, user) =>
      user.status === 'absent' ? [{ type: 'user.registration-abandoned', data: {} }] : [],
    'change-user': ({ name, email }, user) => {
      const now = active(user);
      return [
        ...(email === undefined ? [] : emailEvents(now, email)),
        ...(name === undefined || name === now.name ? [] : [{ type: 'user.profile-changed', data: { name } } as const]),
      ];
    },
    'abandon-email-change': ({ type: _, ...data }, user) => {
      if (user.status !== 'active') return [];
      const decided = [user.reservationId, ...user.past, ...user.abandoned];
      return decided.includes(data.reservationId) ? [] : [{ type: 'user.email-change-abandoned', data }];
    },
    appoint: ({ appointmentId }, user) =>
      active(user).appointmentId === undefined ? [{ type: 'user.appointed', data: { appointmentId } }] : [],
    dismiss: ({ appointmentId }, user) =>
      user.status === 'active' && user.appointmentId === appointmentId
        ? [{ type: 'user.dismissed', data: { appointmentId } }]
        : [],
    'delete-user': (_, user) => {
      const { addressKey, reservationId, appointmentId } = active(user);
      if (appointmentId !== undefined) throw new DomainError('admin-must-step-down');
      return [{ type: 'user.deleted', data: { addressKey, reservationId } }];
    },
  },

  evolve: {
    'user.created': ({ data }) => ({ status: 'active', ...data, past: [], abandoned: [], appointmentId: undefined }),
    'user.profile-changed': ({ data }, user) => ({ ...active(user), name: data.name }),
    'user.email-changed': ({ data: { email, addressKey, reservationId, previous } }, user) => ({
      ...active(user),
      email,
      addressKey,
      reservationId,
      past: previous ? [...active(user).past, previous.reservationId] : active(user).past,
    }),
    'user.email-change-abandoned': ({ data }, user) => ({
      ...active(user),
      abandoned: [...active(user).abandoned, data.reservationId],
    }),
    'user.registration-abandoned': () => ({ status: 'abandoned' }),
    'user.appointed': ({ data }, user) => ({ ...active(user), appointmentId: data.appointmentId }),
    'user.dismissed': ({ data }, user) => {
      const now = active(user);
      return data.appointmentId === now.appointmentId ? { ...now, appointmentId: undefined } : now;
    },
    'user.deleted': () => ({ status: 'deleted' }),
  },
};
