import { jest } from '@jest/globals';
import { InProcessScheduler } from '../../adapters/memory/in-process-scheduler.ts';
import { eventually } from '../support/eventually.ts';
import { schedulerContract } from './scheduler.contract.ts';

schedulerContract('in process', async (report) => ({
  scheduler: new InProcessScheduler(report),
  close: async () => {},
}));

it.each([-3_600_000, 3_600_000])('goes on when the clock is set by %i ms', async (byMs) => {
  const now = Date.now;
  let offMs = 0;
  const clock = jest.spyOn(Date, 'now').mockImplementation(() => now() + offMs);
  let runs = 0;
  const job = new InProcessScheduler(() => undefined).every('any', 20, async () => void runs++);
  try {
    await eventually(() => runs === 2);
    offMs = byMs;
    await eventually(() => runs >= 5);
  } finally {
    await job.stop();
    clock.mockRestore();
  }
});
