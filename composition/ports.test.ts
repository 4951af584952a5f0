import 'reflect-metadata';
import { readdirSync } from 'node:fs';
import { container as root } from 'tsyringe';
import type { Bus } from '../contracts/ports/bus.ts';
import { readConfiguration } from '../runtime/configuration.ts';
import { Lifecycle } from '../runtime/lifecycle.ts';
import { ports } from '../runtime/tokens.ts';
import { eventually } from '../test/support/eventually.ts';
import { recordingLog } from '../test/support/recording-log.ts';
import { temporaryDirectory } from '../test/support/temporary-directory.ts';
import { registerPorts } from './ports.ts';
import { allServices } from './services.ts';
import { startTidemark } from './tidemark.ts';

it('keeps no more messages than somebody may still want', async () => {
  const directory = temporaryDirectory();
  const container = root.createChildContainer();
  const lifecycle = new Lifecycle(recordingLog());
  const stopping = new AbortController();
  try {
    await registerPorts(container, {
      services: allServices,
      configuration: readConfiguration({ DATA_DIR: directory.path }),
      lifecycle,
      log: recordingLog(),
      stopping: stopping.signal,
    });
    const bus = container.resolve<Bus>(ports.bus as symbol);
    const topic = { name: 'test', partitions: 1 };
    const message = { key: 'key', headers: {}, value: '{}' };
    await bus.publish(topic, Array(1_001).fill(message));
    const offsets: bigint[] = [];
    const consumer = { topics: [topic], group: 'test', from: 'earliest', signal: stopping.signal } as const;
    const ended = bus.consume(consumer, async ({ offset }) => {
      offsets.push(offset);
    });
    await eventually(() => offsets.at(-1) === 1_000n);
    stopping.abort();
    await ended;
    expect(offsets[0]).toBe(1n);
  } finally {
    await lifecycle.stop();
    directory.remove();
  }
});

it.each(['command-api', 'query-api', 'projector', 'ingest'] as const)(
  'refuses to start %s alone on stores of its own, and names what is missing',
  async (service) => {
    const directory = temporaryDirectory();
    const configuration = readConfiguration({ DATA_DIR: directory.path, MONGO_URL: 'mongodb://127.0.0.1:9/x' });
    await expect(startTidemark([service], configuration, recordingLog())).rejects.toThrow(
      `${service} is one of several processes, and they share servers and a master key: ` +
        'set EVENTSTORE_URL, KAFKA_BROKERS, REDIS_URL, MASTER_KEY',
    );
    expect(readdirSync(directory.path)).toEqual([]);
    directory.remove();
  },
);

it('waits for servers that are away, until it is told to stop', async () => {
  const log = recordingLog();
  const stopping = new AbortController();
  const configuration = readConfiguration({
    EVENTSTORE_URL: 'esdb://127.0.0.1:9?tls=false',
    MONGO_URL: 'mongodb://127.0.0.1:9/x',
    KAFKA_BROKERS: '127.0.0.1:9',
    REDIS_URL: 'redis://127.0.0.1:9',
    MASTER_KEY: Buffer.alloc(32, 1).toString('base64'),
  });
  const starting = startTidemark(['command-api'], configuration, log, stopping.signal);
  await eventually(() => log.lines.some(({ message }) => message.includes('the start waits for it')));
  stopping.abort();
  await expect(starting).rejects.toMatchObject({ code: 'store-unavailable' });
});
