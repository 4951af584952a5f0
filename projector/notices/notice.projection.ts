import type { AdminEvent } from '../../contracts/events/admin-events.ts';
import { adminsStream, subjectOf } from '../../contracts/events/stream-names.ts';
import type { UserEvent } from '../../contracts/events/user-events.ts';
import type { Position } from '../../contracts/ports/event-store.ts';
import type { Projection, Recorded } from '../../contracts/projection.ts';
import type { Notice } from '../../contracts/sockets/notices.ts';

type NoticedEvent = UserEvent | AdminEvent;

/** Positions as keys sort like numbers: 19 digits hold every 63-bit one. */
export const noticeKey = (position: Position): string => String(position).padStart(19, '0');

const telling =
  (type: Notice['type']) =>
  ({ id, recordedAt, position, stream, data }: Recorded<NoticedEvent>): Notice => ({
    id,
    type,
    time: recordedAt.toISOString(),
    position: String(position),
    subject: 'userId' in data ? data.userId : subjectOf(stream),
  });

/** Who hears of it is not kept: the subject, and the admins. */
export const notices: Projection<Notice, NoticedEvent> = {
  name: 'notices',
  version: 1,
  streams: ['user-', adminsStream],
  key: ({ position }) => noticeKey(position),
  on: {
    'user.created': telling('user.created'),
    'user.profile-changed': telling('user.updated'),
    'user.email-changed': telling('user.updated'),
    'user.deleted': telling('user.deleted'),
    'admin.granted': telling('user.updated'),
    'admin.revoked': telling('user.updated'),
  },
};
