import { type AllStreamRecordedEvent, type AllStreamResolvedEvent, BACKWARDS, END } from '@eventstore/db-client';
import type { Position } from '../../contracts/ports/event-store.ts';
import type { Link } from './link.ts';
import { first, pull } from './pull.ts';
import { isForSubscribers } from './stored-event.ts';
import type { StreamNames } from './stream-names.ts';

/** How many of the last events to look at for one of this store: few first, which is enough on a server of its own. */
const searches = [8, 500];

/** The server's last events, the latest first, whosever they are. */
const lastEvents = async (link: Link, maxCount: number): Promise<readonly AllStreamRecordedEvent[]> => {
  const call = link.client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount });
  const events: AllStreamRecordedEvent[] = [];
  for await (const { event } of pull<AllStreamResolvedEvent>(call, { link })) if (event) events.push(event);
  return events;
};

/** The position of the server's last event, whosever it is. */
export const logEnd = async (link: Link): Promise<Position> => {
  const [last] = await lastEvents(link, 1);
  return last?.position.commit ?? 0n;
};

/**
 * The position of this store's last event, 0 when it has none. Where others have written so much since that it would be
 * long to find, a position behind it.
 */
export const lastPositionOf = async (link: Link, names: StreamNames): Promise<Position> => {
  let looked: Position = 0n;
  for (const maxCount of searches) {
    for (const event of await lastEvents(link, maxCount)) {
      looked = event.position.commit;
      if (event.streamId === names.identity) return 0n;
      if (names.ours(event.streamId) !== undefined && isForSubscribers(event)) return looked;
    }
  }
  return looked;
};

/** The position of the last record before this one, wherever that is. Undefined where the server can't say. */
export const recordBefore = async (link: Link, position: Position): Promise<Position | undefined> => {
  const fromPosition = { commit: position, prepare: position };
  const call = link.client.readAll({ direction: BACKWARDS, fromPosition, maxCount: 1 });
  return (await first(pull<AllStreamResolvedEvent>(call, { link })))?.event?.position.commit;
};
