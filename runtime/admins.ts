import { evolveAdmins, nobody } from '../contracts/admin-roster.ts';
import type { AdminEvent } from '../contracts/events/admin-events.ts';
import { adminsStream } from '../contracts/events/stream-names.ts';
import type { EventStore } from '../contracts/ports/event-store.ts';
import { applyRule } from '../contracts/rules.ts';

/** Who is an admin right now: asks the stream for what is new each time, so that an answer is never old. */
export class AdminRoster {
  readonly #store: EventStore;
  #admins = nobody;
  #next = 0;

  constructor(store: EventStore) {
    this.#store = store;
  }

  /** @throws DomainError 'store-unavailable' */
  async isAdmin(userId: string): Promise<boolean> {
    for await (const event of this.#store.read(adminsStream, this.#next)) {
      // Two callers may read the same event at once: the first of them applies it.
      if (event.revision !== this.#next) continue;
      this.#admins = applyRule(evolveAdmins, event as unknown as AdminEvent, this.#admins);
      this.#next = event.revision + 1;
    }
    return this.#admins.granted.has(userId);
  }
}
