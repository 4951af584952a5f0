import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import type { KafkaMessage } from 'kafkajs';
import type { DeliveredMessage, Message, Topic } from '../../contracts/ports/bus.ts';
import { usersTopic } from '../../contracts/topics.ts';
import { noticeMessage } from '../../projector/notices/notice-message.ts';
import { noticeRetentionMs } from '../../projector/notices/notice-retention.ts';
import { withBackend } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { openKafka } from '../support/open-kafka.ts';
import { busContract } from './bus.contract.ts';

const message = (key: string, value = key): Message => ({ key, headers: {}, value });
const newTopic = (partitions = 1): Topic => ({ name: `t-${randomUUID()}`, partitions });

it('keeps a message about a user as long as the notice in it is kept', () => {
  expect(usersTopic.retentionMs).toBe(noticeRetentionMs);
});

withBackend('KAFKA_BROKERS', (brokers) => {
  busContract('kafka', () => openKafka(brokers));

  describe('over kafka', () => {
    let kafka: Awaited<ReturnType<typeof openKafka>>;
    beforeAll(async () => {
      kafka = await openKafka(brokers);
    });
    afterAll(() => kafka.close());

    const prepared = async (partitions = 1) => {
      const topic = newTopic(partitions);
      await kafka.bus.prepare([topic]);
      return topic;
    };

    /** Consumes until it has got so many. */
    const consume = async (topic: Topic, count: number, group: string = randomUUID(), ephemeral = false) => {
      const stop = new AbortController();
      const got: DeliveredMessage[] = [];
      const options = { topics: [topic], group, from: 'earliest', ephemeral, signal: stop.signal } as const;
      const ended = kafka.bus.consume(options, async (delivered) => {
        got.push(delivered);
      });
      await eventually(() => got.length >= count);
      stop.abort();
      await ended;
      return got;
    };

    const settings = async (topic: Topic) => {
      const [resource] = (
        await kafka.admin.describeConfigs({
          resources: [{ type: 2, name: kafka.prefix + topic.name }],
          includeSynonyms: false,
        })
      ).resources;
      return Object.fromEntries(
        resource!.configEntries.map(({ configName, configValue }) => [configName, configValue]),
      );
    };

    it('makes a topic with its partitions and its retention, also when two processes do at once', async () => {
      const topics = [1, 3, 2].map((partitions) => ({ ...newTopic(partitions), retentionMs: 7_200_000 }));
      await Promise.all([kafka.bus, kafka.open(), kafka.open()].map((bus) => bus.prepare(topics)));
      for (const topic of topics) {
        expect(await settings(topic)).toMatchObject({ 'retention.ms': '7200000', 'segment.ms': '7200000' });
        const [found] = (await kafka.admin.fetchTopicMetadata({ topics: [kafka.prefix + topic.name] })).topics;
        expect(found!.partitions).toHaveLength(topic.partitions);
      }
    });

    it('leaves a topic as it is that is there already, and says once what is amiss', async () => {
      const topic = await prepared(2);
      await kafka.bus.prepare([{ ...topic, partitions: 4, retentionMs: 1_000_000 }]);
      await kafka.bus.prepare([{ ...topic, partitions: 4 }, newTopic()]);
      const { topics } = await kafka.admin.fetchTopicMetadata({ topics: [kafka.prefix + topic.name] });
      expect([topics[0]!.partitions.length, (await settings(topic))['retention.ms']]).toEqual([2, '604800000']);
      const lines = kafka.log.lines.filter(({ fields }) => fields.topic === kafka.prefix + topic.name);
      expect(lines).toMatchObject([{ level: 'warn', fields: { partitions: 2, meant: 4 } }]);
    });

    it('writes CloudEvents in binary mode, byte by byte', async () => {
      const topic = await prepared();
      const subject = randomUUID();
      const notice = {
        id: randomUUID(),
        type: 'user.updated',
        time: '2026-01-01T12:00:00.000Z',
        position: '7',
        subject,
      } as const;
      await kafka.bus.publish(topic, [noticeMessage(notice, subject)]);
      const raw: KafkaMessage[] = [];
      const consumer = kafka.kafka.consumer({ groupId: kafka.prefix + randomUUID() });
      await consumer.subscribe({ topic: kafka.prefix + topic.name, fromBeginning: true });
      await consumer.run({
        eachMessage: async (each) => {
          raw.push(each.message);
        },
      });
      await eventually(() => raw.length === 1);
      await consumer.disconnect();
      expect(raw[0]!.key).toEqual(Buffer.from(subject));
      expect(raw[0]!.value).toEqual(Buffer.from(JSON.stringify(notice)));
      expect(raw[0]!.headers).toEqual({
        ce_specversion: Buffer.from('1.0'),
        ce_id: Buffer.from(notice.id),
        ce_source: Buffer.from('/tidemark'),
        ce_type: Buffer.from('user.updated'),
        ce_time: Buffer.from('2026-01-01T12:00:00.000Z'),
        ce_subject: Buffer.from(subject),
        'content-type': Buffer.from('application/json'),
      });
    });

    it('reads what others write, also without a key or a value, or with a header twice', async () => {
      const topic = await prepared();
      const producer = kafka.kafka.producer({ createPartitioner: () => () => 0 });
      await producer.connect();
      await producer.send({
        topic: kafka.prefix + topic.name,
        messages: [{ value: null, headers: { once: 'a', twice: ['b', Buffer.from('c')] } }],
      });
      await producer.disconnect();
      expect(await consume(topic, 1)).toMatchObject([{ key: '', value: '', headers: { once: 'a', twice: 'c' } }]);
    });

    it('chooses the partition that Kafka’s own clients choose', async () => {
      // From the tests of Kafka's Utils.murmur2.
      const hashes = { '21': -973932308, foobar: -790332482, 'a-little-bit-long-string': -985981536, abc: 479470107 };
      const topic = await prepared(16);
      await kafka.bus.publish(
        topic,
        Object.keys(hashes).map((key) => message(key)),
      );
      const got = await consume(topic, 4);
      const chosen = Object.fromEntries(got.map(({ key, partition }) => [key, partition]));
      expect(chosen).toEqual(
        Object.fromEntries(Object.entries(hashes).map(([key, hash]) => [key, (hash & 0x7fffffff) % 16])),
      );
    });

    it('takes a group that is behind what is kept to the oldest', async () => {
      const topic = await prepared();
      const group = randomUUID();
      await kafka.bus.publish(
        topic,
        ['0', '1', '2', '3', '4'].map((key) => message(key)),
      );
      const first = await consume(topic, 5, group);
      expect(first).toHaveLength(5);
      await kafka.bus.publish(
        topic,
        ['5', '6', '7', '8'].map((key) => message(key)),
      );
      // Asked first, since kafkajs deletes only from topics that it knows.
      expect(await kafka.admin.fetchTopicOffsets(kafka.prefix + topic.name)).toMatchObject([{ high: '9' }]);
      const partitions = [{ partition: 0, offset: '7' }];
      await kafka.admin.deleteTopicRecords({ topic: kafka.prefix + topic.name, partitions });
      expect((await consume(topic, 2, group)).map(({ value }) => value)).toEqual(['7', '8']);
    });

    it('forgets a group that nobody comes back to, and no other', async () => {
      const topic = await prepared();
      const [kept, left] = [randomUUID(), randomUUID()];
      await kafka.bus.publish(topic, [message('a')]);
      await consume(topic, 1, kept);
      await consume(topic, 1, left, true);
      const groups = await kafka.groups();
      expect([groups.includes(kafka.prefix + kept), groups.includes(kafka.prefix + left)]).toEqual([true, false]);
    });

    it('keeps installations apart by their prefix', async () => {
      const topic = await prepared();
      const prefix = `${kafka.prefix}other.`;
      const other = kafka.open({ prefix });
      await other.prepare([topic]);
      await other.publish(topic, [message('theirs')]);
      await kafka.bus.publish(topic, [message('ours')]);
      expect(await consume(topic, 1)).toMatchObject([{ value: 'ours', topic: topic.name, offset: 0n }]);
    });

    it('refuses a topic that nobody has prepared', async () => {
      const bus = kafka.open({ deadlineMs: 1_000 });
      await expect(bus.publish(newTopic(), [message('a')])).rejects.toMatchObject({ code: 'bus-unavailable' });
      const { signal } = new AbortController();
      for (const from of ['earliest', 'latest'] as const) {
        const consuming = bus.consume({ topics: [newTopic()], group: randomUUID(), from, signal }, async () => {});
        await expect(consuming).rejects.toMatchObject({ code: 'bus-unavailable' });
      }
    });

    it('keeps the order of calls that don’t wait for each other', async () => {
      const topic = await prepared();
      const values = Array.from({ length: 100 }, (_, index) => String(index));
      await Promise.all(values.map((value) => kafka.bus.publish(topic, [message('k', value)])));
      expect((await consume(topic, 100)).map(({ value }) => value)).toEqual(values);
    });

    it('ends what is consumed when it is closed, and publishes no more', async () => {
      const topic = await prepared();
      const bus = kafka.open();
      const { signal } = new AbortController();
      let ready = false;
      const onReady = () => {
        ready = true;
      };
      const options = { topics: [topic], group: randomUUID(), from: 'latest', signal, onReady } as const;
      const consuming = bus.consume(options, async () => {});
      await eventually(() => ready);
      await bus.close();
      await consuming;
      await expect(bus.publish(topic, [message('a')])).rejects.toMatchObject({ code: 'bus-unavailable' });
    });

    it('has no timer that runs for nothing', async () => {
      const timers = jest.spyOn(globalThis, 'setTimeout');
      const topic = await prepared();
      await kafka.bus.publish(topic, [message('a')]);
      await consume(topic, 1);
      expect(timers.mock.calls.filter(([, ms = 0]) => ms < 0)).toEqual([]);
      timers.mockRestore();
    });
  });
});
