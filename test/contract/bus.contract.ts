import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Bus, ConsumeOptions, DeliveredMessage, Message, Topic } from '../../contracts/ports/bus.ts';
import { eventually } from '../support/eventually.ts';

const newTopic = (partitions = 1): Topic => ({ name: `t-${randomUUID()}`, partitions });
const message = (key: string, value: string): Message => ({ key, value, headers: { ce_id: value } });
const messages = (count: number, key = (index: number) => `key-${index}`) =>
  Array.from({ length: count }, (_, index) => message(key(index), String(index)));
const valuesOf = (delivered: readonly DeliveredMessage[]) => delivered.map(({ value }) => value);
const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, index) => String(from + index));
const byNumber = (values: readonly string[]) => [...values].sort((a, b) => Number(a) - Number(b));

/** What every bus promises. Each adapter runs this whole suite, and nothing weaker. */
export const busContract = (name: string, open: () => Promise<{ bus: Bus; close(): Promise<void> }>) =>
  describe(`bus: ${name}`, () => {
    let bus: Bus;
    let close: () => Promise<void>;
    beforeAll(async () => {
      ({ bus, close } = await open());
    });
    afterAll(() => close());

    /** A consumer that is ready, and what it got. */
    const consumer = async (
      topics: readonly Topic[],
      { handle, ...options }: Partial<ConsumeOptions> & { handle?: (message: DeliveredMessage) => Promise<void> } = {},
    ) => {
      const stop = new AbortController();
      const got: DeliveredMessage[] = [];
      let readyCalls = 0;
      let onReady: () => void = () => undefined;
      const ready = new Promise<void>((resolve) => {
        onReady = () => {
          readyCalls++;
          resolve();
        };
      });
      const ended = bus.consume(
        { topics, group: randomUUID(), from: 'earliest', signal: stop.signal, onReady, ...options },
        async (delivered) => {
          await handle?.(delivered);
          got.push(delivered);
        },
      );
      await Promise.race([ready, ended.then(() => Promise.reject(new Error('it ended before it was ready')))]);
      const leave = async () => {
        stop.abort();
        await ended;
        expect(readyCalls).toBe(1);
      };
      return { got, leave };
    };

    const prepared = async (partitions = 1) => {
      const topic = newTopic(partitions);
      await bus.prepare([topic]);
      return topic;
    };

    it('delivers a message as it was published, and says where it is', async () => {
      const topic = await prepared();
      await bus.prepare([topic]);
      const sent: Message = {
        key: 'ä',
        value: '{"a":"\u{1F600}"}',
        headers: { ce_type: 'user.created', ce_subject: 'ü\u{1F600}', 'content-type': 'x', empty: '' },
      };
      await bus.publish(topic, [sent, sent]);
      const { got, leave } = await consumer([topic]);
      await eventually(() => got.length === 2);
      expect(got).toEqual([0n, 1n].map((offset) => ({ ...sent, topic: topic.name, partition: 0, offset })));
      await leave();
    });

    it('publishes nothing without complaint', async () => {
      await bus.publish(await prepared(), []);
    });

    it('keeps the order of a partition, and one key in one partition', async () => {
      const topic = await prepared(3);
      await bus.publish(
        topic,
        messages(60, (index) => `key-${index % 6}`),
      );
      const { got, leave } = await consumer([topic]);
      await eventually(() => got.length === 60);
      for (let key = 0; key < 6; key++) {
        const ofKey = got.filter((delivered) => delivered.key === `key-${key}`);
        expect(valuesOf(ofKey)).toEqual(byNumber(valuesOf(ofKey)));
        expect(new Set(ofKey.map(({ partition }) => partition)).size).toBe(1);
      }
      for (let partition = 0; partition < 3; partition++) {
        const offsets = got.filter((delivered) => delivered.partition === partition).map(({ offset }) => offset);
        expect(offsets).toEqual(offsets.map((_, index) => BigInt(index)));
      }
      expect(byNumber(valuesOf(got))).toEqual(numbers(60));
      await leave();
    });

    it('spreads many keys over all partitions', async () => {
      const topic = await prepared(4);
      await bus.publish(topic, messages(200));
      const { got, leave } = await consumer([topic]);
      await eventually(() => got.length === 200);
      expect(new Set(got.map(({ partition }) => partition))).toEqual(new Set([0, 1, 2, 3]));
      await leave();
    });

    it('gives every message to every group', async () => {
      const topic = await prepared();
      const consumers = await Promise.all([consumer([topic]), consumer([topic])]);
      await bus.publish(topic, messages(5));
      for (const { got } of consumers) {
        await eventually(() => got.length === 5);
        expect(valuesOf(got)).toEqual(numbers(5));
      }
      await Promise.all(consumers.map(({ leave }) => leave()));
    });

    it('begins a new group at the end when asked to, and misses nothing once it is ready', async () => {
      const topic = await prepared(2);
      await bus.publish(topic, messages(10));
      const { got, leave } = await consumer([topic], { from: 'latest' });
      await bus.publish(topic, messages(20).slice(10));
      await eventually(() => got.length >= 10);
      expect(byNumber(valuesOf(got))).toEqual(numbers(10, 10));
      await leave();
    });

    it('misses nothing that is published the moment it is ready, however often a new group begins', async () => {
      const topic = await prepared(2);
      const rounds = 5;
      const atOnce = 10;
      for (let round = 0; round < rounds; round++) {
        await Promise.all(
          numbers(atOnce, round * atOnce).map(async (value) => {
            const { got, leave } = await consumer([topic], { from: 'latest', ephemeral: true });
            await bus.publish(topic, [message(value, value)]);
            await eventually(() => valuesOf(got).includes(value));
            await leave();
          }),
        );
      }
    });

    it('misses nothing when the consumers of a new group begin at the same time', async () => {
      const topic = await prepared(4);
      const group = randomUUID();
      const join = async (first: number) => {
        const joined = await consumer([topic], { group, from: 'latest' });
        await bus.publish(topic, messages(first + 20).slice(first));
        return joined;
      };
      const [one, two] = await Promise.all([join(0), join(20)]);
      const both = () => new Set(valuesOf([...one.got, ...two.got]));
      await eventually(() => both().size === 40);
      await Promise.all([one.leave(), two.leave()]);
    });

    it('goes on where the group left off, whatever it says about the beginning', async () => {
      const topic = await prepared();
      const group = randomUUID();
      const first = await consumer([topic], { group });
      await bus.publish(topic, messages(3));
      await eventually(() => first.got.length === 3);
      await first.leave();
      await bus.publish(topic, messages(5).slice(3));
      const second = await consumer([topic], { group, from: 'latest' });
      await eventually(() => second.got.length >= 2);
      expect(valuesOf(second.got)).toEqual(numbers(2, 3));
      await second.leave();
    });

    it('shares the partitions within a group, and hands over those of a consumer that leaves', async () => {
      const topic = await prepared(4);
      const group = randomUUID();
      const one = await consumer([topic], { group });
      const two = await consumer([topic], { group });
      await bus.publish(topic, messages(100));
      await eventually(() => one.got.length + two.got.length >= 100);
      expect(byNumber(valuesOf([...one.got, ...two.got]))).toEqual(numbers(100));
      const shares = [one, two].map(({ got }) => new Set(got.map(({ partition }) => partition)));
      expect(shares.map(({ size }) => size)).toEqual([2, 2]);

      await one.leave();
      const before = one.got.length;
      await bus.publish(topic, messages(200).slice(100));
      await eventually(() => two.got.length + before >= 200);
      expect(new Set(two.got.map(({ partition }) => partition)).size).toBe(4);
      expect(one.got.length).toBe(before);
      await two.leave();
    });

    it('lets a consumer wait where there is no partition left, and take over', async () => {
      const topic = await prepared(1);
      const group = randomUUID();
      const one = await consumer([topic], { group });
      const two = await consumer([topic], { group });
      await bus.publish(topic, messages(10));
      await eventually(() => one.got.length + two.got.length >= 10);
      const [busy, idle] = one.got.length > 0 ? [one, two] : [two, one];
      expect([busy.got.length, idle.got.length]).toEqual([10, 0]);
      await busy.leave();
      await bus.publish(topic, messages(12).slice(10));
      await eventually(() => idle.got.length >= 2);
      expect(valuesOf(idle.got)).toEqual(numbers(2, 10));
      await idle.leave();
    });

    it('brings a message again that was not handled, before those behind it', async () => {
      const topic = await prepared();
      const tried: string[] = [];
      let failures = 2;
      const { got, leave } = await consumer([topic], {
        handle: async ({ value }) => {
          tried.push(value);
          if (value === '1' && failures-- > 0) throw new Error('not now');
        },
      });
      await bus.publish(topic, messages(3));
      await eventually(() => got.length === 3);
      expect(valuesOf(got)).toEqual(['0', '1', '2']);
      expect(tried.filter((value) => value === '1')).toHaveLength(3);
      expect(tried.indexOf('2')).toBe(tried.lastIndexOf('1') + 1);
      await leave();
    });

    it.each([
      ['fails again and again', async (): Promise<void> => Promise.reject(new Error('not now'))],
      ['takes its time', (until: Promise<unknown>) => until.then(() => undefined)],
    ])('goes on with the other partitions while the handler of one %s', async (_, hold) => {
      const topic = await prepared(2);
      const release = new EventTarget();
      const released = once(release, 'release');
      let held: number | undefined;
      let free = false;
      const { got, leave } = await consumer([topic], {
        handle: async ({ partition }) => {
          held ??= partition;
          if (partition === held && !free) await hold(released);
        },
      });
      const others = () => got.filter(({ partition }) => partition !== held);
      await bus.publish(topic, messages(20));
      await eventually(() => others().length > 0 && others().length < 20);
      const before = others().length;
      // And not only with what came together with the one that is held.
      await bus.publish(topic, messages(40).slice(20));
      await eventually(() => others().length > before);
      expect(got.filter(({ partition }) => partition === held)).toEqual([]);
      free = true;
      release.dispatchEvent(new Event('release'));
      await eventually(() => got.length === 40);
      expect(byNumber(valuesOf(got))).toEqual(numbers(40));
      const ofHeld = valuesOf(got.filter(({ partition }) => partition === held));
      expect(ofHeld).toEqual(byNumber(ofHeld));
      await leave();
    });

    it.each(['earliest', 'latest'] as const)(
      'hands a message over that the one who left did not handle (%s)',
      async (from) => {
        const topic = await prepared();
        const group = randomUUID();
        let tried = false;
        const one = await consumer([topic], {
          group,
          from,
          handle: async () => {
            tried = true;
            throw new Error('never');
          },
        });
        await bus.publish(topic, messages(1));
        await eventually(() => tried);
        await one.leave();
        const two = await consumer([topic], { group, from });
        await eventually(() => two.got.length === 1);
        await two.leave();
      },
    );

    it('handles one message at a time within a partition', async () => {
      const topic = await prepared();
      let running = 0;
      let most = 0;
      const { got, leave } = await consumer([topic], {
        handle: async () => {
          most = Math.max(most, ++running);
          await new Promise((resolve) => setTimeout(resolve, 1));
          running--;
        },
      });
      await bus.publish(topic, messages(10));
      await eventually(() => got.length === 10);
      expect(most).toBe(1);
      await leave();
    });

    it('ends only when the handler under way has ended', async () => {
      const topic = await prepared();
      const [begun, finish] = [new EventTarget(), new EventTarget()];
      const hasBegun = once(begun, 'begun');
      const { got, leave } = await consumer([topic], {
        handle: async () => {
          const finished = once(finish, 'finish');
          begun.dispatchEvent(new Event('begun'));
          await finished;
        },
      });
      await bus.publish(topic, messages(1));
      await hasBegun;
      let left = false;
      const leaving = leave().then(() => {
        left = true;
      });
      // Long enough for another one to come and go.
      const other = await consumer([topic]);
      await other.leave();
      expect(left).toBe(false);
      finish.dispatchEvent(new Event('finish'));
      await leaving;
      expect(got).toHaveLength(1);
    });

    it('does not begin when the signal has aborted already', async () => {
      const topic = await prepared();
      await bus.publish(topic, messages(1));
      const signal = AbortSignal.abort();
      await bus.consume({ topics: [topic], group: randomUUID(), from: 'earliest', signal }, async () => {
        throw new Error('must not come');
      });
    });

    it('follows several topics at once', async () => {
      const topics = [await prepared(), await prepared(2)];
      const { got, leave } = await consumer(topics);
      for (const topic of topics) await bus.publish(topic, messages(3));
      await eventually(() => got.length === 6);
      for (const topic of topics) {
        const ofTopic = got.filter((delivered) => delivered.topic === topic.name);
        expect(byNumber(valuesOf(ofTopic))).toEqual(numbers(3));
      }
      await leave();
    });
  });
