import { eventId } from '../../contracts/events/event-id.ts';
import { subjectOf } from '../../contracts/events/stream-names.ts';
import type { UserEvent } from '../../contracts/events/user-events.ts';
import type { Policy } from '../../contracts/policy.ts';
import type { Metadata, RecordedEvent } from '../../contracts/ports/event-store.ts';
import { type DeletionNeeds, erase } from './delete-user.ts';
import { releaseAddress } from './reserve-address.ts';

const name = 'user-aftermath';

type DataOf<Type extends UserEvent['type']> = Extract<UserEvent, { type: Type }>['data'];

const metadataOf = (event: RecordedEvent): Metadata => ({
  actor: `policy:${name}`,
  commandId: eventId(event.id, name, 0),
  correlationId: event.metadata.correlationId,
  causationId: event.id,
});

/** Gives addresses back that nobody holds any more, and finishes what a deletion left undone. */
export const userAftermath = (needs: DeletionNeeds): Policy => ({
  name,
  streams: ['user-'],
  on: {
    'user.email-changed': async (event) => {
      const { previous } = event.data as DataOf<'user.email-changed'>;
      if (previous) await releaseAddress(needs.store, previous, metadataOf(event));
    },
    'user.email-change-abandoned': (event) =>
      releaseAddress(needs.store, event.data as DataOf<'user.email-change-abandoned'>, metadataOf(event)),
    'user.deleted': async (event) => {
      await erase(needs, subjectOf(event.stream));
      await releaseAddress(needs.store, event.data as DataOf<'user.deleted'>, metadataOf(event));
    },
  },
});
