import { DomainError } from '../contracts/errors.ts';
import type { EventStore, Position, RecordedEvent, SubscribeOptions } from '../contracts/ports/event-store.ts';

export interface ReadOptions extends SubscribeOptions {
  readonly upTo: Position;
}

/**
 * The matching events behind `after` and up to `upTo`, in order, held in memory.
 * @throws DomainError 'shutting-down' when the signal aborts first; 'store-unavailable'
 */
export const readMatching = async (
  events: EventStore,
  { upTo, ...options }: ReadOptions,
  matches: (event: RecordedEvent) => boolean,
): Promise<readonly RecordedEvent[]> => {
  const found: RecordedEvent[] = [];
  if (options.after !== undefined && options.after >= upTo) return found;
  for await (const item of events.subscribe(options)) {
    if (item.type === 'caught-up') return found;
    const position = item.type === 'event' ? item.event.position : item.position;
    if (item.type === 'event' && position <= upTo && matches(item.event)) found.push(item.event);
    if (position >= upTo) return found;
  }
  throw new DomainError('shutting-down');
};
