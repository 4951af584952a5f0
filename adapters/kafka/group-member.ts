import type { Consumer, EachBatchPayload } from 'kafkajs';
import { DomainError } from '../../contracts/errors.ts';
import type { ConsumeOptions, DeliveredMessage, Topic } from '../../contracts/ports/bus.ts';
import { brokerErrorType, busUnavailable } from './bus-unavailable.ts';
import type { KafkaAdmin, PartitionOffset } from './kafka-admin.ts';
import type { KafkaClient } from './kafka-client.ts';
import { OffsetCommits } from './offset-commits.ts';
import { openConsumer, sessionMs } from './open-consumer.ts';
import { PartitionLanes } from './partition-lanes.ts';
import { Silence } from './silence.ts';
import { within } from './within.ts';

export interface GroupMemberOptions extends Pick<ConsumeOptions, 'from' | 'onReady'> {
  readonly client: KafkaClient;
  readonly admin: KafkaAdmin;
  readonly deadlineMs: number;
  readonly redeliveryMs: number;
  /** By the broker's names. */
  readonly group: string;
  readonly topics: readonly Topic[];
  readonly handle: (message: DeliveredMessage) => Promise<void>;
}

/** From one sharing of the partitions to the next. */
interface Generation {
  /** Never rejects. Nothing is handled before it: where the group begins may still be moved. */
  readonly settled: Promise<void>;
  readonly commits: OffsetCommits;
}

/** The group is being shared anew, or about to be: another generation follows. */
const passing: readonly unknown[] = ['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'];

const without = (all: readonly PartitionOffset[], some: readonly PartitionOffset[]): readonly PartitionOffset[] =>
  all.filter((one) => !some.some(({ topic, partition }) => topic === one.topic && partition === one.partition));

const unavailable = (detail: string) => new DomainError('bus-unavailable', { detail });

/** One member of a consumer group, from joining to leaving. */
export class GroupMember {
  readonly #options: GroupMemberOptions;
  readonly #consumer: Consumer;
  readonly #lanes: PartitionLanes;
  readonly #silence = new Silence((silentMs) => {
    this.#fail(unavailable(`the brokers have been silent for ${silentMs} ms`));
  });
  readonly #failed: Promise<never>;
  #fail: (error: unknown) => void = () => undefined;
  #starts: readonly PartitionOffset[] = [];
  #running: Promise<void> | undefined;
  #generation: Generation | undefined;
  #leaving = false;
  #ready = false;

  constructor(options: GroupMemberOptions) {
    this.#options = options;
    this.#consumer = openConsumer(options.client, options.group);
    this.#lanes = new PartitionLanes(this.#consumer, options);
    this.#failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.#failed.catch(() => undefined);
  }

  /** Joins, and consumes until the signal aborts. @throws DomainError 'bus-unavailable' */
  async run(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    try {
      await Promise.race([aborted, this.#failed, this.#join().then(() => this.#failed)]);
      await this.#leave();
    } catch (error) {
      throw busUnavailable(error);
    } finally {
      this.#silence.stop();
      this.#leaving = true;
      this.#options.client.cut();
      // So that it stops trying; it can't tell anybody any more.
      void this.#consumer.disconnect().catch(() => undefined);
      await this.#lanes.drop();
    }
  }

  async #join(): Promise<void> {
    const { admin, from, group, deadlineMs } = this.#options;
    const topics = this.#options.topics.map(({ name }) => name);
    const { events } = this.#consumer;
    this.#consumer.on(events.REQUEST, () => this.#silence.heard());
    this.#consumer.on(events.CRASH, ({ payload }) => this.#fail(payload.error));
    // Where other brokers still answer, there is no silence, and kafkajs would ask the same dead connection again.
    this.#consumer.on(events.REQUEST_TIMEOUT, ({ payload }) => {
      if (payload.apiName === 'Fetch') this.#fail(unavailable('a broker does not answer'));
    });
    this.#consumer.on(events.REBALANCING, () => {
      this.#silence.mostMs = sessionMs + deadlineMs;
    });
    this.#consumer.on(events.GROUP_JOIN, ({ payload }) => this.#begin(payload.memberAssignment));
    // Asked also where it doesn't matter: on a new cluster the answer waits until there are coordinators of groups.
    const committed = await admin.committed(group, topics);
    if (from === 'latest') this.#starts = without(await admin.ends(topics), committed);
    // Where the offset of a group is no longer kept, what is oldest comes next.
    const connecting = this.#consumer.connect().then(() => this.#consumer.subscribe({ topics, fromBeginning: true }));
    await within(deadlineMs, connecting);
    if (this.#leaving) return;
    this.#silence.watch(sessionMs + deadlineMs);
    this.#running = this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: this.#options.topics.reduce((sum, { partitions }) => sum + partitions, 0),
      eachBatch: (payload) => this.#take(payload),
    });
    await this.#running;
  }

  /** Runs before the first fetch of the new generation. What is in hand comes again, to whoever has the partition now. */
  #begin(assigned: Readonly<Record<string, readonly number[]>>): void {
    this.#generation?.commits.stop();
    void this.#lanes.drop();
    this.#silence.mostMs = this.#options.deadlineMs;
    const commits = new OffsetCommits((offsets) => this.#consumer.commitOffsets(offsets));
    const settled = this.#settle(assigned, commits).catch((error) => {
      if (!passing.includes(brokerErrorType(error))) this.#fail(error);
    });
    this.#generation = { settled, commits };
  }

  /** Begins a new group where its partitions ended before it was joined, and keeps that, before anybody relies on it. */
  async #settle(assigned: Readonly<Record<string, readonly number[]>>, commits: OffsetCommits): Promise<void> {
    const { admin, group, topics, onReady } = this.#options;
    // kafkajs commits nothing, and says nothing, before it runs.
    await this.#running;
    if (this.#starts.length > 0) {
      const committed = await admin.committed(
        group,
        topics.map(({ name }) => name),
      );
      if (this.#generation?.commits !== commits) return;
      for (const start of without(this.#starts, committed)) {
        if (!assigned[start.topic]?.includes(start.partition)) continue;
        this.#consumer.seek(start);
        commits.mark(start);
      }
      await commits.flush();
    }
    if (this.#ready || this.#leaving) return;
    this.#ready = true;
    onReady?.();
  }

  async #take(payload: EachBatchPayload): Promise<void> {
    const generation = this.#generation;
    await generation?.settled;
    if (!generation || generation !== this.#generation || payload.isStale()) return;
    // Passed over, but not committed.
    if (this.#leaving) payload.resolveOffset(payload.batch.lastOffset());
    else await this.#lanes.take(payload, generation.commits);
  }

  async #leave(): Promise<void> {
    this.#leaving = true;
    await this.#lanes.drop();
    const leaving = async () => {
      await this.#running;
      try {
        await this.#generation?.commits.flush();
      } finally {
        await this.#consumer.disconnect();
      }
    };
    await within(this.#options.deadlineMs, leaving());
  }
}
