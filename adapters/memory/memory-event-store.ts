import { randomUUID } from 'node:crypto';
import { answerRepeat, nextRevision } from '../../contracts/append-rules.ts';
import { followLog, LogGrowth, matchesStreams } from '../../contracts/log-subscription.ts';
import type {
  AppendResult,
  EventStore,
  ExpectedRevision,
  NewEvent,
  Position,
  RecordedEvent,
  Subscribed,
  SubscribeOptions,
} from '../../contracts/ports/event-store.ts';

const pageSize = 500;

/** The event store's promises in an array: for tests, and to read. Nothing outlives the process. */
export class MemoryEventStore implements EventStore {
  readonly id = randomUUID();
  readonly #all: RecordedEvent[] = [];
  readonly #streams = new Map<string, RecordedEvent[]>();
  readonly #growth = new LogGrowth();

  async append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<AppendResult> {
    const log = this.#streams.get(stream) ?? [];
    const next = nextRevision(expected);
    if (next !== log.length) return answerRepeat(log.slice(next, next + events.length), events);
    const recordedAt = new Date();
    for (const event of structuredClone(events)) {
      const recorded = { ...event, stream, revision: log.length, position: BigInt(this.#all.length + 1), recordedAt };
      log.push(recorded);
      this.#all.push(recorded);
    }
    this.#streams.set(stream, log);
    this.#growth.announce();
    const { revision, position } = log.at(-1)!;
    return { revision, position, recordedAt };
  }

  async *read(stream: string, from = 0): AsyncIterable<RecordedEvent> {
    yield* (this.#streams.get(stream) ?? []).slice(from);
  }

  async readLast(stream: string): Promise<RecordedEvent | undefined> {
    return this.#streams.get(stream)?.at(-1);
  }

  async head(): Promise<Position> {
    return BigInt(this.#all.length);
  }

  subscribe(options: SubscribeOptions): AsyncIterable<Subscribed> {
    const page = (after: Position) => {
      const scanned = this.#all.slice(Number(after), Number(after) + pageSize);
      return {
        events: scanned.filter(({ stream }) => matchesStreams(stream, options.streams)),
        upTo: scanned.at(-1)?.position ?? after,
      };
    };
    return followLog(page, this.#growth, options);
  }
}
