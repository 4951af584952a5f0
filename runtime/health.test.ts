import { type HealthState, readiness } from './health.ts';

const check = (name: string, state: HealthState) => ({ name, check: () => ({ state }) });

it.each<[HealthState, readonly HealthState[]]>([
  ['ok', []],
  ['ok', ['ok', 'ok']],
  ['degraded', ['ok', 'degraded', 'ok']],
  ['failed', ['failed', 'degraded', 'ok']],
  ['failed', ['degraded', 'failed']],
])('is %s when its parts are %p', async (state, parts) => {
  const result = await readiness(parts.map((part, index) => check(`part ${index}`, part)));
  expect(result.state).toBe(state);
  expect(result.checks.map((one) => one.state)).toEqual(parts);
});

it('takes what fails to answer as failed, and says nothing of the inside', async () => {
  const throwing = {
    name: 'one',
    check: () => {
      throw new Error('secret');
    },
  };
  const rejecting = { name: 'two', check: () => Promise.reject(new Error('secret')) };
  const result = await readiness([throwing, rejecting, check('three', 'ok')]);
  const failed = { state: 'failed', detail: 'does not answer' };
  expect(result).toEqual({
    state: 'failed',
    checks: [
      { name: 'one', ...failed },
      { name: 'two', ...failed },
      { name: 'three', state: 'ok' },
    ],
  });
});

it('takes what does not answer in time as failed, and does not wait for it', async () => {
  const hanging = { name: 'one', check: () => new Promise<never>(() => undefined) };
  expect(await readiness([hanging, check('two', 'ok')], 20)).toEqual({
    state: 'failed',
    checks: [
      { name: 'one', state: 'failed', detail: 'does not answer' },
      { name: 'two', state: 'ok' },
    ],
  });
});
