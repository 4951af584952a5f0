import { DomainError } from '../../contracts/errors.ts';
import type { Bus, ConsumeOptions } from '../../contracts/ports/bus.ts';
import { usersTopic } from '../../contracts/topics.ts';
import { eventually } from '../../test/support/eventually.ts';
import { recordingLog } from '../../test/support/recording-log.ts';
import { followTopic } from './follow-topic.ts';

/** A bus whose consumers end when the test says so. */
const setUp = () => {
  const consumers: { readonly options: ConsumeOptions; readonly fail: (error: unknown) => void }[] = [];
  const bus: Bus = {
    prepare: async () => {},
    publish: async () => {},
    consume: (options) =>
      new Promise((resolve, reject) => {
        consumers.push({ options, fail: reject });
        options.signal.addEventListener('abort', () => resolve());
      }),
  };
  const stop = new AbortController();
  const log = recordingLog();
  const told: boolean[] = [];
  const onReady = (ready: boolean) => {
    told.push(ready);
  };
  const options = { bus, log, onReady, topic: usersTopic, group: 'g', signal: stop.signal, pauseMs: 1 };
  const ended = followTopic(options, async () => {});
  const end = () => {
    stop.abort();
    return ended;
  };
  return { consumers, log, told, end };
};

it('consumes from now on, in a group that nobody comes back to, until it is stopped', async () => {
  const { consumers, log, told, end } = setUp();
  await eventually(() => consumers.length === 1);
  const { options } = consumers[0]!;
  expect(options).toMatchObject({ topics: [usersTopic], group: 'g', from: 'latest', ephemeral: true });
  expect(told).toEqual([]);
  options.onReady?.();
  expect(told).toEqual([true]);
  await end();
  expect([told, log.lines]).toEqual([[true, false], []]);
});

it('says that it hears nothing, joins again with the same group, and writes two lines about it', async () => {
  const { consumers, log, told, end } = setUp();
  await eventually(() => consumers.length === 1);
  consumers[0]!.options.onReady?.();
  for (let failure = 1; failure <= 3; failure++) {
    consumers.at(-1)!.fail(new DomainError('bus-unavailable'));
    await eventually(() => consumers.length === failure + 1);
    expect(told.at(-1)).toBe(false);
  }
  expect(new Set(consumers.map(({ options }) => options.group))).toEqual(new Set(['g']));
  expect(log.lines.map(({ level }) => level)).toEqual(['warn']);
  consumers.at(-1)!.options.onReady?.();
  expect([told.at(-1), log.lines.map(({ level }) => level)]).toEqual([true, ['warn', 'info']]);
  consumers.at(-1)!.fail(new DomainError('bus-unavailable'));
  await eventually(() => consumers.length === 5);
  expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'info', 'warn']);
  await end();
});
