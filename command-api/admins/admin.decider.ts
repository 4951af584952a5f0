import { type Admins, evolveAdmins, nobody } from '../../contracts/admin-roster.ts';
import type { Decider } from '../../contracts/decider.ts';
import { DomainError } from '../../contracts/errors.ts';
import type { AdminEvent } from '../../contracts/events/admin-events.ts';

interface Appointment {
  readonly userId: string;
  readonly appointmentId: string;
}

export type AdminCommand =
  | ({ readonly type: 'grant-admin' } & Appointment)
  /** Also for an appointment that is not granted yet: it never will be. */
  | ({ readonly type: 'revoke-admin' } & Appointment);

export const adminDecider: Decider<AdminCommand, Admins, AdminEvent> = {
  initial: nobody,

  decide: {
    'grant-admin': ({ type: _, ...data }, { granted, revoked }) => {
      if (granted.has(data.userId)) return [];
      if (revoked.has(data.appointmentId)) throw new DomainError('busy', { detail: 'the admin was revoked meanwhile' });
      return [{ type: 'admin.granted', data }];
    },
    'revoke-admin': ({ type: _, ...data }, { granted, revoked }) => {
      if (revoked.has(data.appointmentId)) return [];
      if (granted.get(data.userId) === data.appointmentId && granted.size === 1) throw new DomainError('last-admin');
      return [{ type: 'admin.revoked', data }];
    },
  },

  evolve: evolveAdmins,
};
