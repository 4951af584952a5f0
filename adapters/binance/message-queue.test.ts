import { collect } from '../../test/support/collect.ts';
import { MessageQueue } from './message-queue.ts';

const price = (symbol: string, timeMs: number) => ({
  type: 'price' as const,
  price: { symbol, price: '1', timeMs },
});
const candle = (openTimeMs: number) => ({
  type: 'candle' as const,
  kline: { symbol: 'A', openTimeMs, open: '1', high: '1', low: '1', close: '1', volume: '1' },
});

it('gives everything in order to a consumer that keeps up', async () => {
  const queue = new MessageQueue(100);
  const messages = [{ type: 'connected' as const }, price('A', 1), candle(0), price('A', 2)];
  for (const message of messages) queue.push(message);
  queue.end();
  expect(await collect(queue)).toEqual(messages);
});

it('wakes a consumer that waits', async () => {
  const queue = new MessageQueue(100);
  const collected = collect(queue);
  await Promise.resolve();
  queue.push(price('A', 1));
  queue.end();
  expect(await collected).toEqual([price('A', 1)]);
});

it('keeps the newest price of each symbol and every candle for a consumer that falls behind', async () => {
  const queue = new MessageQueue(2);
  queue.push(price('A', 1));
  queue.push(price('B', 1));
  for (let timeMs = 2; timeMs <= 1_000; timeMs++) {
    queue.push(price('A', timeMs));
    queue.push(price('B', timeMs));
    if (timeMs % 100 === 0) queue.push(candle(timeMs));
  }
  queue.end();
  const candles = Array.from({ length: 10 }, (_, index) => candle((index + 1) * 100));
  expect(await collect(queue)).toEqual([price('A', 1_000), price('B', 1_000), ...candles]);
});

it('does not let a price overtake the news of a connection', async () => {
  const queue = new MessageQueue(1);
  queue.push(price('A', 1));
  queue.push({ type: 'disconnected', reason: 'gone' });
  queue.push({ type: 'connected' });
  queue.push(price('A', 2));
  queue.end();
  expect((await collect(queue)).map(({ type }) => type)).toEqual(['price', 'disconnected', 'connected', 'price']);
});
