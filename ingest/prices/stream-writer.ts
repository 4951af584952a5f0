import { type Decider, fold } from '../../contracts/decider.ts';
import { isDomainError } from '../../contracts/errors.ts';
import { eventId } from '../../contracts/events/event-id.ts';
import type { EventStore, ExpectedRevision, NewEvent, RecordedEvent } from '../../contracts/ports/event-store.ts';
import { applyRule } from '../../contracts/rules.ts';

export interface WriterOptions<Command, Event> {
  readonly store: EventStore;
  readonly stream: string;
  /** The recorded events that the state is made of. */
  readonly history: () => AsyncIterable<RecordedEvent>;
  /** Names what the event says, so that its id is the same whoever records it. */
  readonly commandId: (command: Command, event: Event) => string;
}

interface Waiting<Command> {
  readonly command: Command;
  readonly resolve: (recorded: boolean) => void;
  readonly reject: (error: unknown) => void;
}

const maxBatch = 500;
const maxAttempts = 5;

/**
 * The one writer of a stream in this process. Keeps in memory what it has read and written, appends where that ends,
 * and reads again when somebody else was faster. One append at a time; what comes meanwhile goes together.
 */
export class StreamWriter<Command extends { type: string }, State, Event extends { type: string; data: unknown }> {
  readonly #decider: Decider<Command, State, Event>;
  readonly #options: WriterOptions<Command, Event>;
  #waiting: Waiting<Command>[] = [];
  #writing = false;
  #known: { readonly state: State; readonly revision: ExpectedRevision } | undefined;

  constructor(decider: Decider<Command, State, Event>, options: WriterOptions<Command, Event>) {
    this.#decider = decider;
    this.#options = options;
  }

  /**
   * Whether the command made an event, which is on disk then.
   * @throws DomainError 'store-unavailable' (safe to repeat), 'revision-conflict' (others were faster, again and again)
   */
  record(command: Command): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, resolve, reject });
      if (!this.#writing) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, maxBatch);
      try {
        const recorded = await this.#write(batch.map(({ command }) => command));
        batch.forEach(({ resolve }, index) => {
          resolve(recorded[index]!);
        });
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#writing = false;
  }

  async #write(commands: readonly Command[], attempt = 1): Promise<readonly boolean[]> {
    const { store, stream } = this.#options;
    this.#known ??= await this.#read();
    const { revision } = this.#known;
    let { state } = this.#known;
    const events: NewEvent[] = [];
    const recorded = commands.map((command) => {
      const decided = applyRule(this.#decider.decide, command, state);
      state = fold(this.#decider, state, decided);
      events.push(...decided.map((event) => this.#toAppend(command, event)));
      return decided.length > 0;
    });
    if (events.length === 0) return recorded;

    // Until the append has answered nobody knows where the stream ends.
    this.#known = undefined;
    try {
      this.#known = { state, revision: (await store.append(stream, revision, events)).revision };
    } catch (error) {
      if (!isDomainError(error, 'revision-conflict') || attempt === maxAttempts) throw error;
      return this.#write(commands, attempt + 1);
    }
    return recorded;
  }

  async #read() {
    let state = this.#decider.initial;
    let revision: ExpectedRevision = 'none';
    for await (const event of this.#options.history()) {
      state = fold(this.#decider, state, [event as unknown as Event]);
      revision = event.revision;
    }
    return { state, revision };
  }

  #toAppend(command: Command, event: Event): NewEvent {
    const commandId = this.#options.commandId(command, event);
    const metadata = { actor: 'ingest', commandId, correlationId: commandId };
    return { ...event, id: eventId(commandId, this.#options.stream, 0), metadata };
  }
}
