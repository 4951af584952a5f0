import type { Bus, ConsumeOptions, DeliveredMessage, Message, Topic } from '../../contracts/ports/bus.ts';
import type { Log } from '../../contracts/ports/log.ts';
import { GroupMember } from './group-member.ts';
import { KafkaAdmin } from './kafka-admin.ts';
import { type Connect, connectByTcp, KafkaClient } from './kafka-client.ts';
import { createKafkaLog } from './kafka-log.ts';
import { Publisher } from './publisher.ts';
import { quietRequestQueues } from './request-queue.ts';

export interface KafkaBusOptions {
  /** `host:port` of some of the brokers; they name the others. */
  readonly brokers: readonly string[];
  /** Before each topic and group: keeps several installations apart on one cluster. */
  readonly prefix?: string;
  readonly log: Log;
  /** Every call ends within it, however silent the brokers are, but for what the port says of `consume`. */
  readonly deadlineMs?: number;
  /** The pause before a message that was not handled comes again. */
  readonly redeliveryMs?: number;
  /** What brokers call this process in their logs and quotas. */
  readonly clientId?: string;
  /** How a connection is made. A test puts something in between. */
  readonly connect?: Connect;
}

/** Topics and groups in Kafka. A group that nobody deletes is kept for `offsets.retention.minutes` of the broker, a week. */
export class KafkaBus implements Bus {
  readonly #prefix: string;
  readonly #log: Log;
  readonly #deadlineMs: number;
  readonly #redeliveryMs: number;
  readonly #newClient: () => KafkaClient;
  readonly #admin: KafkaAdmin;
  readonly #publisher: Publisher;
  readonly #closing = new AbortController();
  readonly #consuming = new Set<Promise<void>>();

  constructor({ brokers, prefix = '', log, deadlineMs = 5_000, redeliveryMs = 1_000, ...rest }: KafkaBusOptions) {
    const { clientId = 'tidemark', connect = connectByTcp } = rest;
    quietRequestQueues();
    this.#prefix = prefix;
    this.#log = log;
    this.#deadlineMs = deadlineMs;
    this.#redeliveryMs = redeliveryMs;
    const kafkaLog = createKafkaLog(log);
    this.#newClient = () => new KafkaClient({ brokers, clientId, deadlineMs, connect, log: kafkaLog });
    this.#admin = new KafkaAdmin(this.#newClient, deadlineMs, log);
    this.#publisher = new Publisher(this.#newClient, deadlineMs);
  }

  prepare(topics: readonly Topic[]): Promise<void> {
    return this.#admin.prepare(topics.map((topic) => this.#named(topic)));
  }

  publish({ name }: Topic, messages: readonly Message[]): Promise<void> {
    return this.#publisher.publish(this.#prefix + name, messages);
  }

  async consume(options: ConsumeOptions, handle: (message: DeliveredMessage) => Promise<void>): Promise<void> {
    const stopping = new AbortController();
    const stop = () => stopping.abort();
    const signals = [options.signal, this.#closing.signal];
    for (const signal of signals) signal.addEventListener('abort', stop);
    if (signals.some(({ aborted }) => aborted)) stop();
    const consuming = this.#consume(options, handle, stopping.signal);
    const ended = consuming.catch(() => undefined);
    this.#consuming.add(ended);
    try {
      await consuming;
    } finally {
      this.#consuming.delete(ended);
      for (const signal of signals) signal.removeEventListener('abort', stop);
    }
  }

  /** Ends what is consumed, and what is being published, then the connections. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all([this.#publisher.close(), ...this.#consuming]);
  }

  async #consume(
    { topics, group: name, from, ephemeral, onReady }: ConsumeOptions,
    handle: (message: DeliveredMessage) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    if (signal.aborted) return;
    const group = this.#prefix + name;
    const member = new GroupMember({
      client: this.#newClient(),
      admin: this.#admin,
      deadlineMs: this.#deadlineMs,
      redeliveryMs: this.#redeliveryMs,
      group,
      topics: topics.map((topic) => this.#named(topic)),
      from,
      ...(onReady && { onReady }),
      handle: (message) => handle({ ...message, topic: message.topic.slice(this.#prefix.length) }),
    });
    try {
      await member.run(signal);
      if (ephemeral) await this.#admin.forget(group);
    } catch (error) {
      if (!signal.aborted) throw error;
      this.#log.warn({ err: error, group }, 'a consumer did not leave cleanly; the broker forgets it by itself');
    }
  }

  #named(topic: Topic): Topic {
    return { ...topic, name: this.#prefix + topic.name };
  }
}
