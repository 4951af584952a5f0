import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, KafkaJSDeleteGroupsError } from 'kafkajs';
import type { DomainError } from '../../contracts/errors.ts';
import type { Topic } from '../../contracts/ports/bus.ts';
import type { Log } from '../../contracts/ports/log.ts';
import { brokerErrorType, busUnavailable } from './bus-unavailable.ts';
import type { KafkaClient } from './kafka-client.ts';
import { within } from './within.ts';

export interface PartitionOffset {
  readonly topic: string;
  readonly partition: number;
  /** Decimal digits. */
  readonly offset: string;
}

const pauseMs = 100;
/** So many copies as there are brokers, up to this. Who runs more brokers than that has chosen a default. */
const mostCopies = 3;
const clusterDefault = -1;

/** A topic is kept in files, and only whole files are removed: a new one begins once per retention. */
const configEntries = (retentionMs: number | undefined) =>
  retentionMs === undefined ? [] : ['retention.ms', 'segment.ms'].map((name) => ({ name, value: String(retentionMs) }));

/** What is asked of the cluster now and then, each time over a connection of its own. Names are the broker's. */
export class KafkaAdmin {
  readonly #open: () => KafkaClient;
  readonly #deadlineMs: number;
  readonly #log: Log;
  readonly #warned = new Set<string>();

  constructor(open: () => KafkaClient, deadlineMs: number, log: Log) {
    this.#open = open;
    this.#deadlineMs = deadlineMs;
    this.#log = log;
  }

  /** Makes the topics that are missing. @throws DomainError 'bus-unavailable' */
  async prepare(topics: readonly Topic[]): Promise<void> {
    await this.#ask(async (admin) => {
      const known = new Set(await admin.listTopics());
      const missing = topics.filter(({ name }) => !known.has(name));
      if (missing.length > 0) await this.#create(admin, missing);
      // Fails, and is asked again, until each partition has a leader.
      const { topics: found } = await admin.fetchTopicMetadata({ topics: topics.map(({ name }) => name) });
      for (const { name, partitions } of topics) {
        const there = found.find((topic) => topic.name === name)?.partitions.length ?? 0;
        if (there < partitions && !this.#warned.has(name)) {
          this.#warned.add(name);
          this.#log.warn(
            { topic: name, partitions: there, meant: partitions },
            'a topic has fewer partitions than meant',
          );
        }
      }
    });
  }

  /** Where each partition ends. @throws DomainError 'bus-unavailable', also when a topic is missing */
  ends(topics: readonly string[]): Promise<readonly PartitionOffset[]> {
    return this.#ask(async (admin) => {
      const ends: PartitionOffset[] = [];
      for (const topic of topics)
        for (const { partition, high } of await admin.fetchTopicOffsets(topic))
          ends.push({ topic, partition, offset: high });
      return ends;
    });
  }

  /** How far the group is, where it is anywhere. @throws DomainError 'bus-unavailable' */
  committed(groupId: string, topics: readonly string[]): Promise<readonly PartitionOffset[]> {
    return this.#ask(async (admin) =>
      (await admin.fetchOffsets({ groupId, topics: [...topics] }))
        .flatMap(({ topic, partitions }) => partitions.map(({ partition, offset }) => ({ topic, partition, offset })))
        .filter(({ offset }) => BigInt(offset) >= 0n),
    );
  }

  /** A group that is left piles up otherwise, for a week or so. @throws DomainError 'bus-unavailable' */
  async forget(groupId: string): Promise<void> {
    await this.#ask(async (admin) => {
      try {
        await admin.deleteGroups([groupId]);
      } catch (error) {
        const [refused] = (error as Partial<KafkaJSDeleteGroupsError>).groups ?? [];
        if (brokerErrorType(refused?.error) !== 'GROUP_ID_NOT_FOUND') throw error;
      }
    });
  }

  async #create(admin: Admin, topics: readonly Topic[]): Promise<void> {
    const { brokers } = await admin.describeCluster();
    const replicationFactor = brokers.length > mostCopies ? clusterDefault : brokers.length;
    await admin.createTopics({
      timeout: this.#deadlineMs,
      // Another process may be as fast: a topic that has come meanwhile is as good.
      topics: topics.map(({ name, partitions, retentionMs }) => ({
        ...{ topic: name, numPartitions: partitions, replicationFactor },
        configEntries: configEntries(retentionMs),
      })),
    });
  }

  /** Asks until it is answered, but no longer than the deadline. */
  async #ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    const client = this.#open();
    const admin = client.kafka.admin();
    let refusal: DomainError | undefined;
    const asked = async (): Promise<T> => {
      for (;;) {
        try {
          await admin.connect();
          return await question(admin);
        } catch (error) {
          if (client.isCut) throw error;
          refusal = busUnavailable(error);
        }
        await sleep(pauseMs);
      }
    };
    try {
      return await within(this.#deadlineMs, asked());
    } catch (error) {
      throw refusal ?? error;
    } finally {
      client.cut();
    }
  }
}
