import { InProcessBus } from '../adapters/memory/in-process-bus.ts';
import { DomainError } from '../contracts/errors.ts';
import { watchPublishing } from './watch-publishing.ts';

it('says whether the bus took what was published last, and hands a failure on', async () => {
  const inner = new InProcessBus();
  const { publish } = inner;
  const { bus, check } = watchPublishing(inner);
  const topic = { name: 'any', partitions: 1 };
  expect(check.check()).toEqual({ state: 'ok' });
  inner.publish = () => Promise.reject(new DomainError('bus-unavailable'));
  await expect(bus.publish(topic, [])).rejects.toMatchObject({ code: 'bus-unavailable' });
  expect(check.check()).toMatchObject({ state: 'degraded' });
  inner.publish = publish;
  await bus.publish(topic, []);
  expect(check.check()).toEqual({ state: 'ok' });
});
