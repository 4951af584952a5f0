import { InProcessBus } from '../../adapters/memory/in-process-bus.ts';
import { eventually } from '../support/eventually.ts';
import { busContract } from './bus.contract.ts';

busContract('in process', async () => ({ bus: new InProcessBus({ redeliveryMs: 5 }), close: async () => {} }));

const topic = { name: 'news', partitions: 1 };
const message = (value: number) => ({ key: 'k', headers: {}, value: String(value) });

it('keeps only so many messages, and takes a group that is behind to the oldest', async () => {
  const bus = new InProcessBus({ messagesKept: 3 });
  await bus.publish(topic, [1, 2, 3, 4, 5].map(message));
  const stop = new AbortController();
  const got: [string, bigint][] = [];
  const ended = bus.consume(
    { topics: [topic], group: 'g', from: 'earliest', signal: stop.signal },
    async (delivered) => {
      got.push([delivered.value, delivered.offset]);
    },
  );
  await eventually(() => got.length === 3);
  expect(got).toEqual([
    ['3', 2n],
    ['4', 3n],
    ['5', 4n],
  ]);
  stop.abort();
  await ended;
});

it('lets others have the event loop while it delivers many', async () => {
  const bus = new InProcessBus();
  await bus.publish(
    topic,
    Array.from({ length: 5_000 }, (_, index) => message(index)),
  );
  const stop = new AbortController();
  let delivered = 0;
  const ended = bus.consume({ topics: [topic], group: 'g', from: 'earliest', signal: stop.signal }, async () => {
    delivered++;
  });
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect(delivered).toBeLessThan(5_000);
  await eventually(() => delivered === 5_000);
  stop.abort();
  await ended;
});
