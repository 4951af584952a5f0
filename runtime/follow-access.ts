import { setTimeout as pause } from 'node:timers/promises';
import type { AdminEvent } from '../contracts/events/admin-events.ts';
import type { SecurityEvent } from '../contracts/events/security-events.ts';
import { subjectOf } from '../contracts/events/stream-names.ts';
import type { UserEvent } from '../contracts/events/user-events.ts';
import type { EventStore, Position } from '../contracts/ports/event-store.ts';
import type { Log } from '../contracts/ports/log.ts';

/** What a process that lets people in must hear of at once. */
export interface AccessListener {
  sessionEnded(sessionId: string): void;
  userDeleted(userId: string): void;
  adminChanged(userId: string, isAdmin: boolean): void;
}

type AccessEvent = SecurityEvent | AdminEvent | Extract<UserEvent, { type: 'user.deleted' }>;

const tell: { readonly [Type in AccessEvent['type']]: (listener: AccessListener, event: never) => void } = {
  'session.ended': (listener, { data }: SecurityEvent) => listener.sessionEnded(data.sessionId),
  'user.deleted': (listener, { stream }: { stream: string }) => listener.userDeleted(subjectOf(stream)),
  'admin.granted': (listener, { data }: AdminEvent) => listener.adminChanged(data.userId, true),
  'admin.revoked': (listener, { data }: AdminEvent) => listener.adminChanged(data.userId, false),
};

const pauseMs = 1_000;

/**
 * Tells the listener of every end of a session, deletion of a user and change of an admin behind the position `from`,
 * until the signal aborts. A store that fails is asked again, from where it was. Never rejects.
 */
export const followAccess = async (
  events: EventStore,
  from: Position,
  listener: AccessListener,
  log: Log,
  signal: AbortSignal,
): Promise<void> => {
  let after = from;
  let away = false;
  while (!signal.aborted) {
    try {
      for await (const item of events.subscribe({ after, streams: ['security-', 'user-', 'admins'], signal })) {
        if (item.type === 'event') tell[item.event.type as AccessEvent['type']]?.(listener, item.event as never);
        if (item.type === 'checkpoint') after = item.position;
        if (away) log.info({}, 'the ends of sessions are heard of again');
        away = false;
      }
    } catch (error) {
      if (!away) log.warn({ err: error }, 'the ends of sessions are not heard of; asks again until they are');
      away = true;
      await pause(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }
};
