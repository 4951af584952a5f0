export interface Message {
  /** Messages of one key keep their order. */
  readonly key: string;
  /** CloudEvents attributes (`ce_id`, `ce_type` …). */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON, thin, nothing personal. */
  readonly value: string;
}

export interface DeliveredMessage extends Message {
  readonly topic: string;
  readonly partition: number;
  /** Counts from 0 within the partition. */
  readonly offset: bigint;
}

export interface Topic {
  readonly name: string;
  readonly partitions: number;
  /** Messages are kept for so long where the bus keeps them by time; unset, as long as it does by itself. */
  readonly retentionMs?: number;
}

export interface ConsumeOptions {
  readonly topics: readonly Topic[];
  /** Consumers of one group share the partitions; each group gets every message. */
  readonly group: string;
  /** Where a group without offsets begins: what is there already, or only what comes. */
  readonly from: 'earliest' | 'latest';
  /** Nobody comes back to this group once the signal has aborted: the bus may forget it then. */
  readonly ephemeral?: boolean;
  readonly signal: AbortSignal;
  /** Called once, when everything published from here on will be delivered. That holds until `consume` ends. */
  readonly onReady?: () => void;
}

/** Topics with partitions, kept for a while. At least once: a handler may meet a message again. */
export interface Bus {
  /**
   * Makes the topics where they are missing. Safe to repeat. What is there already stays as it is.
   * @throws DomainError 'bus-unavailable'
   */
  prepare(topics: readonly Topic[]): Promise<void>;
  /**
   * In order. On return they are kept.
   * @throws DomainError 'bus-unavailable' (retriable: some may have been kept)
   */
  publish(topic: Topic, messages: readonly Message[]): Promise<void>;
  /**
   * Calls `handle` for each message, one at a time within a partition, and moves the group's offset behind it when it
   * resolves. When it rejects, the message comes again after a pause; other partitions don't wait for that. Resolves when
   * the signal has aborted and the handlers under way have ended.
   * @throws DomainError 'bus-unavailable' (the topics must be there; it could not join, or hears no more: consume again)
   */
  consume(options: ConsumeOptions, handle: (message: DeliveredMessage) => Promise<void>): Promise<void>;
}
