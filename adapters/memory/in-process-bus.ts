import { EventEmitter, once } from 'node:events';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { Bus, ConsumeOptions, DeliveredMessage, Message, Topic } from '../../contracts/ports/bus.ts';

export interface InProcessBusOptions {
  /** So many of the youngest messages stay in each partition. A group that falls further behind misses the rest. */
  readonly messagesKept?: number;
  /** The pause before a message that was not handled comes again. */
  readonly redeliveryMs?: number;
}

type Handle = (message: DeliveredMessage) => Promise<void>;

class Partition {
  readonly #messages: DeliveredMessage[] = [];
  readonly #kept: number;
  /** Tells the lanes that there is something new: a message, or a member that came or went. */
  readonly news = new EventEmitter().setMaxListeners(0);
  readonly topic: string;
  readonly index: number;
  end = 0n;

  constructor(topic: string, index: number, kept: number) {
    this.topic = topic;
    this.index = index;
    this.#kept = kept;
  }

  add(message: Message): void {
    const { key, headers, value } = message;
    const where = { topic: this.topic, partition: this.index, offset: this.end++ };
    this.#messages.push({ key, value, headers: { ...headers }, ...where });
    if (this.#messages.length > this.#kept) this.#messages.shift();
  }

  /** The message at the offset, or the oldest one kept behind it. */
  from(offset: bigint): DeliveredMessage | undefined {
    const first = this.end - BigInt(this.#messages.length);
    return this.#messages[Math.max(0, Number(offset - first))];
  }
}

interface Member {
  readonly options: ConsumeOptions;
  readonly handle: Handle;
  readonly underWay: Set<Promise<boolean>>;
}

/** A group's way through one partition. */
interface Lane {
  readonly partition: Partition;
  offset: bigint;
  running: boolean;
}

interface Group {
  members: readonly Member[];
  readonly lanes: Map<Partition, Lane>;
}

/** Spreads keys over partitions: FNV-1a. */
const hash = (key: string): number => {
  let hashed = 0x811c9dc5;
  for (const byte of Buffer.from(key)) hashed = Math.imul(hashed ^ byte, 0x01000193);
  return hashed >>> 0;
};

/** Which member of the group has the partition just now. */
const ownerOf = ({ members }: Group, { topic, index }: Partition): Member | undefined => {
  const sharing = members.filter(({ options }) => options.topics.some(({ name }) => name === topic));
  return sharing[index % sharing.length];
};

const deliver = async ({ handle, underWay }: Member, message: DeliveredMessage): Promise<boolean> => {
  const delivery = (async () => handle(message))().then(
    () => true,
    () => false,
  );
  underWay.add(delivery);
  const handled = await delivery;
  underWay.delete(delivery);
  return handled;
};

/** How many messages are delivered before others get the event loop. */
const turn = 100;

/** Topics, groups and offsets in this process, for as long as it lives. */
export class InProcessBus implements Bus {
  readonly #topics = new Map<string, readonly Partition[]>();
  readonly #groups = new Map<string, Group>();
  readonly #messagesKept: number;
  readonly #redeliveryMs: number;

  constructor({ messagesKept = 10_000, redeliveryMs = 1_000 }: InProcessBusOptions = {}) {
    this.#messagesKept = messagesKept;
    this.#redeliveryMs = redeliveryMs;
  }

  async prepare(topics: readonly Topic[]): Promise<void> {
    for (const topic of topics) this.#partitions(topic);
  }

  async publish(topic: Topic, messages: readonly Message[]): Promise<void> {
    const partitions = this.#partitions(topic);
    for (const message of messages) partitions[hash(message.key) % partitions.length]!.add(message);
    for (const { news } of partitions) news.emit('news');
  }

  async consume(options: ConsumeOptions, handle: Handle): Promise<void> {
    const { topics, group: name, from, signal, onReady } = options;
    if (signal.aborted) return;
    const group = this.#groups.get(name) ?? { members: [], lanes: new Map() };
    this.#groups.set(name, group);
    const member: Member = { options, handle, underWay: new Set() };
    group.members = [...group.members, member];
    const partitions = topics.flatMap((topic) => this.#partitions(topic));
    for (const partition of partitions) {
      const lane = group.lanes.get(partition) ?? {
        partition,
        offset: from === 'earliest' ? 0n : partition.end,
        running: false,
      };
      group.lanes.set(partition, lane);
      if (!lane.running) void this.#run(group, lane);
    }
    onReady?.();
    if (!signal.aborted) await once(signal, 'abort');
    group.members = group.members.filter((other) => other !== member);
    for (const { news } of partitions) news.emit('news');
    await Promise.all(member.underWay);
  }

  /** One message at a time, whoever owns the partition: so a new owner begins only when the old one has ended. */
  async #run(group: Group, lane: Lane): Promise<void> {
    const { partition } = lane;
    lane.running = true;
    let delivered = 0;
    for (let owner = ownerOf(group, partition); owner; owner = ownerOf(group, partition)) {
      const message = partition.from(lane.offset);
      if (!message) await once(partition.news, 'news');
      else if (await deliver(owner, message)) lane.offset = message.offset + 1n;
      else await pause(this.#redeliveryMs, undefined, { signal: owner.options.signal }).catch(() => undefined);
      if (message && ++delivered % turn === 0) await nextTurn();
    }
    lane.running = false;
  }

  #partitions({ name, partitions: count }: Topic): readonly Partition[] {
    const partitions =
      this.#topics.get(name) ??
      Array.from({ length: count }, (_, index) => new Partition(name, index, this.#messagesKept));
    this.#topics.set(name, partitions);
    return partitions;
  }
}
