import { InProcessScheduler } from '../../adapters/memory/in-process-scheduler.ts';
import { schedulerContract } from './scheduler.contract.ts';

schedulerContract('in process', async (report) => ({
  scheduler: new InProcessScheduler(report),
  close: async () => {},
}));
