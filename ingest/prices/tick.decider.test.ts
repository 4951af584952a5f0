import fc from 'fast-check';
import { fold } from '../../contracts/decider.ts';
import { applyRule } from '../../contracts/rules.ts';
import { type LastTick, type RecordTick, type Ticked, tickDecider } from './tick.decider.ts';

const market = { source: 'binance', symbol: 'BTCUSDT' };
const poll = (timeMs: number, price: string): RecordTick => ({
  ...{ type: 'record-tick', ...market, origin: 'poll', bucketMs: 60_000 },
  ...{ timeMs, price },
});
const stream = (timeMs: number, price: string): RecordTick => ({
  ...{ type: 'record-tick', ...market, origin: 'stream', bucketMs: 1_000 },
  ...{ timeMs, price },
});
const given = (...commands: readonly RecordTick[]) => {
  let state: LastTick | undefined = tickDecider.initial;
  const events: Ticked[] = [];
  for (const command of commands) {
    const decided = applyRule(tickDecider.decide, command, state);
    state = fold(tickDecider, state, decided);
    events.push(...decided);
  }
  return events.map(({ data }) => `${data.origin} ${data.timeMs} ${data.price}`);
};

it('records the first tick as it came', () => {
  expect(applyRule(tickDecider.decide, stream(5, '1.50'), undefined)).toEqual([
    { type: 'price.ticked', data: { ...market, origin: 'stream', timeMs: 5, price: '1.50' } },
  ]);
});

it('records a poll a minute, also when nothing changed', () => {
  expect(given(poll(0, '1'), poll(59_999, '2'), poll(60_000, '1'), poll(120_000, '1'))).toEqual([
    'poll 0 1',
    'poll 60000 1',
    'poll 120000 1',
  ]);
});

it('records what changes in the stream, once an interval', () => {
  expect(given(stream(0, '1'), stream(999, '2'), stream(1_000, '1'), stream(2_500, '3'))).toEqual([
    'stream 0 1',
    'stream 2500 3',
  ]);
});

it('needs no poll in a minute that the stream has ticked in', () => {
  expect(given(stream(61_000, '1'), poll(62_000, '2'), poll(121_000, '1'))).toEqual([
    'stream 61000 1',
    'poll 121000 1',
  ]);
});

it('goes on streaming in a minute that was polled', () => {
  expect(given(poll(60_100, '1'), stream(60_900, '2'), stream(61_000, '2'))).toEqual([
    'poll 60100 1',
    'stream 61000 2',
  ]);
});

it('drops what is late', () => {
  expect(given(stream(120_000, '1'), stream(119_000, '2'), poll(0, '3'))).toEqual(['stream 120000 1']);
});

it('lets at most one tick into a bucket and only forward in time, whatever comes in whatever order', () => {
  const command = fc
    .tuple(fc.nat(300_000), fc.constantFrom('1', '2', '3'), fc.boolean())
    .map(([timeMs, price, polled]) => (polled ? poll(timeMs, price) : stream(timeMs, price)));
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), fc.array(fc.nat(59), { maxLength: 20 }), (commands, repeats) => {
      const played = [...commands, ...repeats.flatMap((index) => commands[index] ?? [])];
      const ticks = given(...played).map((line) => line.split(' '));
      const times = ticks.map(([, timeMs]) => Number(timeMs));
      expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
      const seconds = times.map((timeMs) => Math.floor(timeMs / 1_000));
      expect(new Set(seconds).size).toBe(seconds.length);
      const polledMinutes = ticks.flatMap(([origin, timeMs]) =>
        origin === 'poll' ? [Math.floor(Number(timeMs) / 60_000)] : [],
      );
      expect(new Set(polledMinutes).size).toBe(polledMinutes.length);
    }),
  );
});

it('leaves no minute that is polled in order without a tick', () => {
  const minute = fc.record({ streamed: fc.array(fc.nat(59_000), { maxLength: 5 }), polledAt: fc.nat(59_999) });
  fc.assert(
    fc.property(fc.array(minute, { minLength: 1, maxLength: 10 }), (minutes) => {
      const commands = minutes.flatMap(({ streamed, polledAt }, index) =>
        [
          ...streamed.map((at) => stream(index * 60_000 + at, String(at % 2))),
          poll(index * 60_000 + polledAt, '1'),
        ].sort((a, b) => a.timeMs - b.timeMs),
      );
      const ticked = given(...commands).map((line) => Math.floor(Number(line.split(' ')[1]) / 60_000));
      expect([...new Set(ticked)]).toEqual(minutes.map((_, index) => index));
    }),
  );
});
