import { adminsStream } from '../contracts/events/stream-names.ts';
import type { EventStore } from '../contracts/ports/event-store.ts';
import type { EventCodec } from '../runtime/event-codec.ts';

/**
 * The first admin's event was signed with a key of the vault. With another vault nobody could sign in, and what is
 * written from then on would fit neither.
 * @throws Error when the vault is not the one that belongs to the events
 */
export const refuseForeignVault = async (rawStore: EventStore, codec: EventCodec): Promise<void> => {
  for await (const event of rawStore.read(adminsStream)) {
    if (codec.verifies(event, '')) return;
    throw new Error('the vault does not belong to the events: put both back from the same backup');
  }
};
