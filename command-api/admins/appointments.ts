import { isDomainError } from '../../contracts/errors.ts';
import { eventId } from '../../contracts/events/event-id.ts';
import { adminsStream, userStream } from '../../contracts/events/stream-names.ts';
import type { EventStore, ExpectedRevision, Metadata, Position } from '../../contracts/ports/event-store.ts';
import { handle, readState } from '../handle.ts';
import { active, userDecider } from '../users/user.decider.ts';
import { adminDecider } from './admin.decider.ts';

/*
 * An admin is in the stream `admins` and appointed in a stream of their own. The appointment comes first and goes last,
 * so that whoever is an admin can't be deleted, whatever runs at the same time and wherever a process dies:
 * the user's own stream decides that. Each appointment has an id, so that a late dismissal ends its own only.
 */

/** A command id of its own: an earlier step of the same command on the same stream must not pass for this one. */
const step = (metadata: Metadata, name: string): Metadata => ({
  ...metadata,
  commandId: eventId(metadata.commandId, name, 0),
});

/**
 * Makes the user an admin; nothing when they are. May be repeated.
 * @throws DomainError 'user-not-found', 'busy'; 'revision-conflict' when `expected` was named and isn't so
 */
export const grantAdmin = async (
  store: EventStore,
  userId: string,
  metadata: Metadata,
  expected?: ExpectedRevision,
): Promise<Position | undefined> => {
  const stream = userStream(userId);
  const { now: admins } = await readState(store, adminDecider, adminsStream);
  if (admins.state.granted.has(userId)) return admins.position;

  const before = active((await readState(store, userDecider, stream)).now.state).appointmentId;
  if (before !== undefined && admins.state.revoked.has(before)) {
    await handle(store, userDecider, stream, { type: 'dismiss', appointmentId: before }, step(metadata, 'clear'));
  }
  const offered = eventId(metadata.commandId, 'appointment', 0);
  const user = await handle(
    store,
    userDecider,
    stream,
    { type: 'appoint', appointmentId: offered },
    step(metadata, 'appoint'),
  );
  const appointmentId = active(user.state).appointmentId ?? offered;
  const command = { type: 'grant-admin', userId, appointmentId } as const;
  const granted = handle(store, adminDecider, adminsStream, command, metadata, expected).catch(async (error) => {
    // Whoever named what must be so and was too late takes the mark back.
    if (isDomainError(error, 'revision-conflict')) await revokeAdmin(store, userId, step(metadata, 'take back'));
    throw error;
  });
  return (await granted).position;
};

/**
 * Makes an admin a member again; nothing when they are none. May be repeated.
 * @throws DomainError 'last-admin', 'user-not-found', 'busy'
 */
export const revokeAdmin = async (
  store: EventStore,
  userId: string,
  metadata: Metadata,
): Promise<Position | undefined> => {
  const { now: user } = await readState(store, userDecider, userStream(userId));
  const { now: admins } = await readState(store, adminDecider, adminsStream);
  const appointmentId = admins.state.granted.get(userId) ?? active(user.state).appointmentId;
  if (appointmentId === undefined) return admins.position;

  const command = { type: 'revoke-admin', userId, appointmentId } as const;
  const revoked = await handle(store, adminDecider, adminsStream, command, metadata);
  await handle(store, userDecider, userStream(userId), { type: 'dismiss', appointmentId }, metadata);
  return revoked.position;
};
