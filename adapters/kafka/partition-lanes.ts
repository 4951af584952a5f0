import type { Consumer, EachBatchPayload } from 'kafkajs';
import type { DeliveredMessage } from '../../contracts/ports/bus.ts';
import { toDelivered } from './kafka-messages.ts';
import type { OffsetCommits } from './offset-commits.ts';
import { PartitionLane } from './partition-lane.ts';
import { isDoneWithin } from './within.ts';

/** A partition that takes longer than this is not fetched from for the time being, so that others are. */
const patienceMs = 100;

/** The lanes of a group member: each partition goes on by itself, and none keeps the member from its heartbeats. */
export class PartitionLanes {
  readonly #consumer: Consumer;
  readonly #newLane: () => PartitionLane;
  readonly #lanes = new Map<string, PartitionLane>();

  constructor(
    consumer: Consumer,
    { handle, redeliveryMs }: { handle: (message: DeliveredMessage) => Promise<void>; redeliveryMs: number },
  ) {
    this.#consumer = consumer;
    this.#newLane = () => new PartitionLane(handle, redeliveryMs);
  }

  /** Takes a batch over: from here on it counts as fetched, and each of its messages is committed when it is handled. */
  async take({ batch, resolveOffset }: EachBatchPayload, commits: OffsetCommits): Promise<void> {
    const { topic, partition } = batch;
    const handled = this.#lane(`${topic}/${partition}`).take(
      batch.messages.map((message) => toDelivered(topic, partition, message)),
      ({ offset }) => commits.mark({ topic, partition, offset: String(offset + 1n) }),
    );
    resolveOffset(batch.lastOffset());
    if (await isDoneWithin(patienceMs, handled)) return;
    const where = [{ topic, partitions: [partition] }];
    this.#consumer.pause(where);
    void handled.then(() => {
      // A consumer that has ended meanwhile has nothing paused, and would throw.
      if (this.#consumer.paused().length > 0) this.#consumer.resume(where);
    });
  }

  /** Forgets what has not begun. Resolves when what has begun ends. */
  async drop(): Promise<void> {
    await Promise.all([...this.#lanes.values()].map((lane) => lane.drop()));
  }

  #lane(key: string): PartitionLane {
    const lane = this.#lanes.get(key) ?? this.#newLane();
    this.#lanes.set(key, lane);
    return lane;
  }
}
