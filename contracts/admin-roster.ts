import type { AdminEvent } from './events/admin-events.ts';
import type { Rules } from './rules.ts';

/** Who is an admin, by which appointment. */
export interface Admins {
  readonly granted: ReadonlyMap<string, string>;
  /** Appointments that ended, or that will never begin. */
  readonly revoked: ReadonlySet<string>;
}

export const nobody: Admins = { granted: new Map(), revoked: new Set() };

/** What each event makes of the stream `admins`: the same for who decides and for who only asks. */
export const evolveAdmins: Rules<AdminEvent, Admins, Admins> = {
  'admin.granted': ({ data: { userId, appointmentId } }, admins) => ({
    ...admins,
    granted: new Map([...admins.granted, [userId, appointmentId]]),
  }),
  'admin.revoked': ({ data: { userId, appointmentId } }, admins) => ({
    granted: new Map([...admins.granted].filter((entry) => entry[0] !== userId || entry[1] !== appointmentId)),
    revoked: new Set([...admins.revoked, appointmentId]),
  }),
};
