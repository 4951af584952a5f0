import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ScheduledJob, Scheduler } from '../../contracts/ports/scheduler.ts';
import { eventually } from '../support/eventually.ts';

type Report = (name: string, error: unknown) => void;

/** What every scheduler promises. Each adapter runs this whole suite, and nothing weaker, at the pace that it can keep. */
export const schedulerContract = (
  adapter: string,
  open: (report: Report) => Promise<{ scheduler: Scheduler; close(): Promise<void> }>,
  intervalMs = 100,
) =>
  describe(`scheduler: ${adapter}`, () => {
    const reported: { name: string; error: unknown }[] = [];
    const jobs: ScheduledJob[] = [];
    let scheduler: Scheduler;
    let close: () => Promise<void>;
    const every = (name: string, job: (signal: AbortSignal) => Promise<void>, ms = intervalMs) => {
      const scheduled = scheduler.every(name, ms, job);
      jobs.push(scheduled);
      return scheduled;
    };
    beforeAll(async () => {
      ({ scheduler, close } = await open((name, error) => reported.push({ name, error })));
    });
    afterEach(async () => {
      await Promise.all(jobs.splice(0).map((job) => job.stop()));
    });
    afterAll(() => close());

    it('runs at once, however long the interval', async () => {
      let runs = 0;
      every(randomUUID(), async () => void runs++, 86_400_000);
      await eventually(() => runs === 1);
    });

    it('runs again, once for each multiple of the interval', async () => {
      const moments: number[] = [];
      every(randomUUID(), async () => void moments.push(Date.now()));
      await eventually(() => moments.length === 6);
      const buckets = moments.slice(1).map((moment) => Math.floor(moment / intervalMs));
      expect(new Set(buckets).size).toBe(buckets.length);
      // None is left out either, as long as the machine keeps up.
      expect(buckets.at(-1)! - buckets[0]!).toBeLessThanOrEqual(2 * buckets.length);
    });

    it('runs when the phase says, not at the multiple', async () => {
      const moments: number[] = [];
      const job = async () => void moments.push(Date.now());
      jobs.push(scheduler.every(randomUUID(), 1_000, job, 500));
      await eventually(() => moments.length === 2);
      // Half a second late at most; without the phase it would come in the other half.
      expect(moments[1]! % 1_000).toBeGreaterThanOrEqual(500);
    });

    it('never runs a job beside itself', async () => {
      let running = 0;
      let most = 0;
      let runs = 0;
      every(randomUUID(), async () => {
        most = Math.max(most, ++running);
        await sleep(2.5 * intervalMs);
        running--;
        runs++;
      });
      await eventually(() => runs === 3);
      expect(most).toBe(1);
    });

    it('reports a run that fails, and goes on', async () => {
      const name = randomUUID();
      const error = new Error('no');
      let runs = 0;
      every(name, async () => {
        if (++runs === 1) throw error;
      });
      await eventually(() => runs === 3);
      expect(reported.filter((report) => report.name === name)).toEqual([{ name, error }]);
    });

    it('leaves out the moments that pass during a run', async () => {
      const began: number[] = [];
      let ended = 0;
      every(randomUUID(), async () => {
        began.push(Date.now());
        if (began.length > 1) return;
        await sleep(2.5 * intervalMs);
        ended = Date.now();
      });
      await eventually(() => began.length === 2);
      expect(Math.floor(began[1]! / intervalMs)).toBeGreaterThan(Math.floor(ended / intervalMs));
    });

    it('keeps jobs of different names apart', async () => {
      const ran = new Set<string>();
      const names = [randomUUID(), randomUUID()];
      for (const name of names) every(name, async () => void ran.add(name), 86_400_000);
      await eventually(() => ran.size === 2);
    });

    it('runs once since a moment, whoever comes later, and again where a run was stopped', async () => {
      const name = randomUUID();
      let runs = 0;
      const untilStopped = async (signal: AbortSignal) => {
        runs++;
        await sleep(60_000, undefined, { signal });
      };
      const stopped = every(name, untilStopped, 86_400_000);
      await eventually(() => runs === 1);
      await stopped.stop();
      const again = every(name, async () => void runs++, 86_400_000);
      await eventually(() => runs === 2);
      await again.stop();
      every(name, async () => void runs++, 86_400_000);
      let others = 0;
      every(randomUUID(), async () => void others++);
      await eventually(() => others === 3);
      expect(runs).toBe(2);
    });

    it('goes by the interval that it is given now', async () => {
      const name = randomUUID();
      let runs = 0;
      const daily = every(name, async () => void runs++, 86_400_000);
      await eventually(() => runs === 1);
      await daily.stop();
      every(name, async () => void runs++);
      await eventually(() => runs === 3);
    });

    it('stops: aborts the run under way, waits for its end, and runs no more', async () => {
      let runs = 0;
      let ended = false;
      const job = every(randomUUID(), async (signal) => {
        runs++;
        await sleep(60_000, undefined, { signal }).catch(() => undefined);
        await sleep(10);
        ended = true;
      });
      await eventually(() => runs === 1);
      await job.stop();
      expect(ended).toBe(true);
      await job.stop();
      let others = 0;
      every(randomUUID(), async () => void others++);
      await eventually(() => others === 4);
      expect(runs).toBe(1);
    });
  });
