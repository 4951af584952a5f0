import type { AdminEvent } from '../../contracts/events/admin-events.ts';
import { adminsStream, subjectOf } from '../../contracts/events/stream-names.ts';
import type { UserEvent } from '../../contracts/events/user-events.ts';
import type { Projection, Recorded } from '../../contracts/projection.ts';

export type UserProfile = {
  /** Sealed, as in the event. */
  readonly email: string;
  /** Sealed, as in the event. */
  readonly name: string;
  readonly addressKey: string;
  readonly role: 'member' | 'admin';
  /** By which an admin is one. */
  readonly appointmentId?: string;
  /** Of the user's stream. */
  readonly revision: number;
  readonly createdAt: string;
  /** When the user's stream last changed. */
  readonly updatedAt: string;
};

const updated = (event: Recorded<UserEvent>, profile: UserProfile | undefined, change: Partial<UserProfile> = {}) =>
  profile && { ...profile, ...change, revision: event.revision, updatedAt: event.recordedAt.toISOString() };

export const userProfiles: Projection<UserProfile, UserEvent | AdminEvent> = {
  name: 'user-profiles',
  version: 1,
  streams: ['user-', adminsStream],
  indexes: ['addressKey'],
  key: ({ data, stream }) => ('userId' in data ? data.userId : subjectOf(stream)),
  on: {
    'user.created': ({ data: { email, name, addressKey }, revision, recordedAt }) => {
      const createdAt = recordedAt.toISOString();
      return { email, name, addressKey, role: 'member', revision, createdAt, updatedAt: createdAt };
    },
    'user.profile-changed': (event, profile) => updated(event, profile, { name: event.data.name }),
    'user.email-changed': (event, profile) => {
      const { email, addressKey } = event.data;
      return updated(event, profile, { email, addressKey });
    },
    'user.email-change-abandoned': (event, profile) => updated(event, profile),
    'user.appointed': (event, profile) => updated(event, profile),
    'user.dismissed': (event, profile) => updated(event, profile),
    'user.deleted': () => undefined,
    'admin.granted': ({ data: { appointmentId } }, profile) => profile && { ...profile, role: 'admin', appointmentId },
    'admin.revoked': ({ data }, profile) => {
      // Of another appointment, perhaps one that never was granted.
      if (profile?.appointmentId !== data.appointmentId) return profile;
      const { appointmentId: _, ...member } = profile;
      return { ...member, role: 'member' };
    },
  },
};
