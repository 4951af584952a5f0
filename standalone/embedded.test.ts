import 'reflect-metadata';
import { container as root } from 'tsyringe';
import type { Bus } from '../contracts/ports/bus.ts';
import { readConfiguration } from '../runtime/configuration.ts';
import { Lifecycle } from '../runtime/lifecycle.ts';
import { ports } from '../runtime/tokens.ts';
import { eventually } from '../test/support/eventually.ts';
import { recordingLog } from '../test/support/recording-log.ts';
import { temporaryDirectory } from '../test/support/temporary-directory.ts';
import { registerEmbedded } from './embedded.ts';

it('keeps no more messages than somebody may still want', async () => {
  const directory = temporaryDirectory();
  const container = root.createChildContainer();
  const lifecycle = new Lifecycle(recordingLog());
  const stopping = new AbortController();
  try {
    await registerEmbedded(container, readConfiguration({ DATA_DIR: directory.path }), lifecycle, recordingLog());
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
