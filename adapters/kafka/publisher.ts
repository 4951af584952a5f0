import { setTimeout as sleep } from 'node:timers/promises';
import { Partitioners, type Producer, type TopicMessages } from 'kafkajs';
import { DomainError } from '../../contracts/errors.ts';
import type { Message } from '../../contracts/ports/bus.ts';
import { busUnavailable } from './bus-unavailable.ts';
import type { KafkaClient } from './kafka-client.ts';
import { toRecord } from './kafka-messages.ts';
import { within } from './within.ts';

interface Open {
  readonly client: KafkaClient;
  readonly producer: Producer;
  readonly connected: Promise<void>;
}

const pauseMs = 100;

/**
 * Publishes one call after the other. kafkajs gives the sequence number of a batch that failed to the next one; if the
 * broker had kept the first after all, it would take the second for a repeat and drop it. So nothing is sent beside a batch
 * that may be repeated, and after a failure the producer is given up, with its connections and its number.
 */
export class Publisher {
  readonly #newClient: () => KafkaClient;
  readonly #deadlineMs: number;
  #turn: Promise<void> = Promise.resolve();
  #open: Open | undefined;
  #closed = false;

  constructor(newClient: () => KafkaClient, deadlineMs: number) {
    this.#newClient = newClient;
    this.#deadlineMs = deadlineMs;
  }

  /** Keeps all of them, in order, or rejects by the deadline, waiting included. @throws DomainError 'bus-unavailable' */
  async publish(topic: string, messages: readonly Message[]): Promise<void> {
    if (messages.length === 0) return;
    const until = performance.now() + this.#deadlineMs;
    const records = messages.map(toRecord);
    const published = this.#turn.then(() => this.#publish({ topic, messages: records }, until));
    // Who called hears of a failure; the next in turn doesn't.
    this.#turn = published.catch(() => undefined);
    await published;
  }

  /** Ends when what is under way has. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#turn;
    this.#giveUp();
  }

  async #publish(records: TopicMessages, until: number): Promise<void> {
    let failure = new DomainError('bus-unavailable', { detail: 'others were published for too long' });
    for (let leftMs = until - performance.now(); leftMs > 0; leftMs = until - performance.now()) {
      if (this.#closed) throw new DomainError('bus-unavailable', { detail: 'the bus is closed' });
      try {
        // A connection may be dead without a word: there is time for another one.
        return await within(Math.min(leftMs, this.#deadlineMs / 2), this.#send(records));
      } catch (error) {
        this.#giveUp();
        failure = busUnavailable(error);
      }
      await sleep(Math.max(0, Math.min(pauseMs, until - performance.now())));
    }
    throw failure;
  }

  async #send(records: TopicMessages): Promise<void> {
    this.#open ??= this.#connect();
    const { producer, connected } = this.#open;
    await connected;
    await producer.send({ ...records, acks: -1, timeout: this.#deadlineMs });
  }

  #connect(): Open {
    const client = this.#newClient();
    const producer = client.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      // A key's partition is the one that Kafka's own clients choose.
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    return { client, producer, connected: producer.connect() };
  }

  #giveUp(): void {
    this.#open?.client.cut();
    this.#open = undefined;
  }
}
