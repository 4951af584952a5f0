import type { EventStore } from '../../contracts/ports/event-store.ts';

/** Lets something happen just before the next append to this stream, and only there. */
export const justBefore = (store: EventStore, stream: string, happen: () => Promise<unknown>): void => {
  const { append } = store;
  store.append = async (to, expected, events) => {
    if (to === stream) {
      store.append = append;
      await happen();
    }
    return append.call(store, to, expected, events);
  };
};
