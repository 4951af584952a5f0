import { jest } from '@jest/globals';
import { gateLimits, RequestGate } from './request-gate.ts';

const limits = { ...gateLimits, weightPerMinute: 100, failures: 3 };
const refusal = (gate: RequestGate, weight = 1) => {
  try {
    gate.pass(weight);
    return undefined;
  } catch (error) {
    return error;
  }
};

beforeEach(() => {
  jest.useFakeTimers({ now: new Date('2024-03-05T10:00:15Z') });
});
afterEach(() => {
  jest.useRealTimers();
});

it('refuses what would go beyond four fifths of the weight, until the minute is over', () => {
  const gate = new RequestGate(limits);
  gate.pass(1);
  gate.used(78);
  expect(refusal(gate, 2)).toBeUndefined();
  expect(refusal(gate, 2)).toMatchObject({ code: 'exchange-unavailable', retryAfterSeconds: 45 });
  jest.advanceTimersByTime(45_000);
  expect(refusal(gate, 2)).toBeUndefined();
});

it('stays closed for as long as it was told to, not for less when told again', () => {
  const gate = new RequestGate(limits);
  gate.closeFor(120, 'banned');
  gate.closeFor(5, 'asked too much');
  expect(refusal(gate)).toMatchObject({ code: 'exchange-unavailable', retryAfterSeconds: 120 });
  jest.advanceTimersByTime(119_999);
  expect(refusal(gate)).toMatchObject({ retryAfterSeconds: 1 });
  jest.advanceTimersByTime(1);
  expect(refusal(gate)).toBeUndefined();
});

it('pauses after failures in a row, longer with each more, and not for failures between successes', () => {
  const gate = new RequestGate(limits);
  for (const failed of [true, true, false, true, true]) failed ? gate.failed() : gate.succeeded();
  expect(refusal(gate)).toBeUndefined();
  gate.failed();
  expect(refusal(gate)).toMatchObject({ retryAfterSeconds: 1 });
  jest.advanceTimersByTime(1_000);
  gate.failed();
  expect(refusal(gate)).toMatchObject({ retryAfterSeconds: 2 });
  jest.advanceTimersByTime(2_000);
  gate.succeeded();
  gate.failed();
  expect(refusal(gate)).toBeUndefined();
});
