import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import type { DeliveredMessage, Topic } from '../../contracts/ports/bus.ts';
import { followTopic } from '../../query-api/sockets/follow-topic.ts';
import { withBackend } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { openKafka } from '../support/open-kafka.ts';
import { recordingLog } from '../support/recording-log.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const deadlineMs = 1_500;
/** What a machine with other things to do adds to a deadline. */
const graceMs = 1_000;
const message = (value: string) => ({ key: 'k', headers: {}, value });
const unavailable = { code: 'bus-unavailable', retriable: true };

withBackend('KAFKA_BROKERS', (brokers) => {
  /** A bus behind a network that fails on command, and one that is beside it. */
  const setUp = async () => {
    const kafka = await openKafka(brokers);
    const proxy = await startTcpProxy({ target: brokers.split(',')[0]! });
    const log = recordingLog();
    // Brokers tell clients where they are, and clients go there: all of it through the proxy.
    const bus = kafka.open({ deadlineMs, log, connect: () => connect(proxy.port, '127.0.0.1') });
    const topic: Topic = { name: 'news', partitions: 1 };
    await kafka.bus.prepare([topic]);
    return { kafka, proxy, log, bus, topic };
  };
  let stage: Awaited<ReturnType<typeof setUp>>;
  beforeEach(async () => {
    stage = await setUp();
  });
  afterEach(async () => {
    await stage.proxy.close();
    await stage.kafka.close();
  });

  const end = async () => {
    const [partition] = await stage.kafka.admin.fetchTopicOffsets(`${stage.kafka.prefix}news`);
    return Number(partition!.high);
  };
  const kept = async () => {
    const stop = new AbortController();
    const got: string[] = [];
    const options = { topics: [stage.topic], group: randomUUID(), from: 'earliest', signal: stop.signal } as const;
    const ended = stage.kafka.bus.consume(options, async ({ value }) => {
      got.push(value);
    });
    const count = await end();
    await eventually(() => got.length === count);
    stop.abort();
    await ended;
    return got;
  };
  const took = async (work: Promise<unknown>) => {
    const begun = performance.now();
    await work;
    return performance.now() - begun;
  };

  const outages: [string, (proxy: TcpProxy) => unknown][] = [
    ['are silent', (proxy) => proxy.pause()],
    ['are gone', (proxy) => proxy.refuse()],
  ];

  describe.each(outages)('while the brokers %s', (_, fail) => {
    it('says so within the deadline, keeps nothing back, and goes on when they are there again', async () => {
      const { bus, topic, proxy } = stage;
      await bus.publish(topic, [message('before')]);
      await fail(proxy);
      const calls = [bus.publish(topic, [message('1')]), bus.publish(topic, [message('2')]), bus.prepare([topic])];
      const ends = calls.map((call) => took(expect(call).rejects.toMatchObject(unavailable)));
      for (const ms of await Promise.all(ends)) expect(ms).toBeLessThan(deadlineMs + graceMs);
      await proxy.resume();
      await bus.publish(topic, [message('after')]);
      // What was under way when the network stopped may arrive after all; what was not sent yet never is.
      const values = await kept();
      expect(values.filter((value) => value !== '1')).toEqual(['before', 'after']);
      expect(values.at(-1)).toBe('after');
    });

    it('lets a consumer end within the deadline when it is told to', async () => {
      const { bus, topic, proxy, log } = stage;
      const stop = new AbortController();
      let ready = false;
      const onReady = () => {
        ready = true;
      };
      const options = { topics: [topic], group: 'g', from: 'latest', ephemeral: true, signal: stop.signal } as const;
      const consuming = bus.consume({ ...options, onReady }, async () => {});
      await eventually(() => ready);
      await fail(proxy);
      stop.abort();
      expect(await took(consuming)).toBeLessThan(deadlineMs + graceMs);
      expect(log.lines.map((line) => line.message)).toContainEqual(expect.stringContaining('did not leave cleanly'));
    });

    it('tells a consumer that wants to join', async () => {
      const { bus, topic, proxy } = stage;
      await fail(proxy);
      const { signal } = new AbortController();
      for (const from of ['earliest', 'latest'] as const) {
        const consuming = bus.consume({ topics: [topic], group: 'g', from, signal }, async () => {});
        const ms = await took(expect(consuming).rejects.toMatchObject(unavailable));
        expect(ms).toBeLessThan(deadlineMs + graceMs);
      }
    });
  });

  const breaks: [string, (proxy: TcpProxy) => unknown][] = [
    ...outages,
    ['have been cut off', (proxy) => proxy.cut()],
    ['have been cut off without a word', (proxy) => proxy.strand()],
  ];

  it.each(breaks)(
    'misses nothing that was published while the brokers %s, and says meanwhile that it might',
    async (_, fail) => {
      const { kafka, bus, topic, proxy, log } = stage;
      const stop = new AbortController();
      const got: DeliveredMessage[] = [];
      const told: boolean[] = [];
      const onReady = (ready: boolean) => {
        told.push(ready);
      };
      const group = randomUUID();
      const following = followTopic({ bus, topic, group, log, signal: stop.signal, onReady }, async (delivered) => {
        got.push(delivered);
      });
      await eventually(() => told.at(-1));
      await kafka.bus.publish(topic, [message('before')]);
      await eventually(() => got.length === 1);
      await fail(proxy);
      const outage = outages.some(([, other]) => other === fail);
      if (outage) {
        const ms = await took(eventually(() => told.at(-1) === false));
        expect(ms).toBeLessThan(deadlineMs + graceMs);
      }
      await kafka.bus.publish(topic, [message('meanwhile')]);
      await proxy.resume();
      await eventually(() => got.some(({ value }) => value === 'meanwhile'), 18_000);
      expect(told.at(-1)).toBe(true);
      await kafka.bus.publish(topic, [message('after')]);
      await eventually(() => got.some(({ value }) => value === 'after'));
      stop.abort();
      await following;
      expect([...new Set(got.map(({ value }) => value))]).toEqual(['before', 'meanwhile', 'after']);
      expect(log.lines.filter((line) => line.message.startsWith('the consumer failed')).length).toBeLessThan(2);
    },
    40_000,
  );

  it.each(breaks.slice(2))('publishes over a new connection when the old ones %s', async (_, fail) => {
    const { bus, topic, proxy } = stage;
    await bus.publish(topic, [message('1')]);
    await fail(proxy);
    await bus.publish(topic, [message('2')]);
    expect(await kept()).toEqual(['1', '2']);
  });

  it('keeps the next message also when an answer is lost', async () => {
    const { bus, topic, proxy } = stage;
    await bus.publish(topic, [message('1')]);
    proxy.latencyMs = 200;
    const lost = expect(bus.publish(topic, [message('2')])).rejects.toMatchObject(unavailable);
    // It is with the broker, and its answer under way.
    await eventually(async () => (await end()) === 2);
    proxy.pause();
    await lost;
    proxy.latencyMs = 0;
    await proxy.resume();
    await bus.publish(topic, [message('3')]);
    expect([...new Set(await kept())]).toEqual(['1', '2', '3']);
  });

  it('does not fill the log of an outage', async () => {
    const { bus, topic, proxy, log } = stage;
    await proxy.refuse();
    for (let round = 0; round < 3; round++) await bus.publish(topic, [message('1')]).catch(() => undefined);
    const messages = log.lines.map((line) => line.message);
    expect(messages.length).toBeGreaterThan(0);
    expect(new Set(messages).size).toBe(messages.length);
  });
});
