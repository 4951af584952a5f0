import { recordingLog } from '../test/support/recording-log.ts';
import { Lifecycle } from './lifecycle.ts';

it('stops the last first, one after the other, each once', async () => {
  const lifecycle = new Lifecycle(recordingLog());
  const order: string[] = [];
  lifecycle.onStop('first', () => order.push('first'));
  lifecycle.onStop('second', async () => {
    await new Promise((resolve) => setImmediate(resolve));
    order.push('second');
  });
  await Promise.all([lifecycle.stop(), lifecycle.stop()]);
  await lifecycle.stop();
  expect(order).toEqual(['second', 'first']);
});

it('goes on behind what fails to stop, and says so', async () => {
  const log = recordingLog();
  const lifecycle = new Lifecycle(log);
  let stopped = false;
  lifecycle.onStop('first', () => {
    stopped = true;
  });
  lifecycle.onStop('second', () => Promise.reject(new Error('stuck')));
  await lifecycle.stop();
  expect(stopped).toBe(true);
  expect(log.lines).toMatchObject([{ level: 'error', fields: { part: 'second' } }]);
});
