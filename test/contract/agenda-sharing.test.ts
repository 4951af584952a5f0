import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from '@agendajs/mongo-backend';
import { type AgendaScheduler, openAgendaScheduler } from '../../adapters/agenda/agenda-scheduler.ts';
import type { JobDocument } from '../../adapters/agenda/job-document.ts';
import { withBackend } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { recordingLog } from '../support/recording-log.ts';

const intervalMs = 500;
const dayMs = 86_400_000;
const longLifetimeMs = 60_000;

withBackend('MONGO_URL', (url) => {
  const database = 'tidemark-schedules';
  const client = new MongoClient(url);
  const collection = `schedule-${randomUUID()}`;
  const records = client.db(database).collection<JobDocument>(collection);
  const log = recordingLog();
  const report = (_: string, error: unknown) => log.error({ err: error }, 'a run failed');
  const open: AgendaScheduler[] = [];
  /** As another process would. */
  const share = (lockLifetimeMs = longLifetimeMs) => {
    const scheduler = openAgendaScheduler({
      ...{ url, database, collection, report, lockLifetimeMs, log },
      processEveryMs: 50,
    });
    open.push(scheduler);
    return scheduler;
  };
  const recordOf = async (name: string) => (await records.findOne({ name }))!;
  const plant = (name: string, fields: object) => records.updateOne({ name }, { $set: fields });
  /** Runs a job once, so that there is a record of it. */
  const runOnce = async (name: string) => {
    let runs = 0;
    const job = share().every(name, dayMs, async () => void runs++);
    await eventually(() => runs === 1);
    await job.stop();
  };
  /** Until the schedule has had the time to run something: another job, a few times. */
  const aWhile = async (scheduler: AgendaScheduler) => {
    let runs = 0;
    const job = scheduler.every(randomUUID(), intervalMs, async () => void runs++);
    await eventually(() => runs === 3);
    await job.stop();
  };

  afterEach(async () => {
    await Promise.all(open.splice(0).map((scheduler) => scheduler.close()));
  });
  afterAll(async () => {
    await records.drop();
    await client.close();
  });

  it('runs each moment once, in whichever process', async () => {
    const name = randomUUID();
    const moments: number[] = [];
    for (const scheduler of [share(), share(), share()]) {
      scheduler.every(name, intervalMs, async () => void moments.push(Date.now()));
    }
    await eventually(() => moments.length === 7);
    const buckets = moments.map((moment) => Math.floor(moment / intervalMs));
    expect(new Set(buckets).size).toBe(buckets.length);
    expect(await records.countDocuments({ name })).toBe(1);
    expect(log.lines).toEqual([]);
  });

  it('never runs a job beside itself, also when a run lasts longer than its lock', async () => {
    const name = randomUUID();
    const count = { running: 0, most: 0, runs: 0, aborted: 0 };
    for (const scheduler of [share(600), share(600)]) {
      scheduler.every(name, intervalMs, async (signal) => {
        count.most = Math.max(count.most, ++count.running);
        await sleep(1_500);
        count.running--;
        if (signal.aborted) count.aborted++;
        count.runs++;
      });
    }
    await eventually(() => count.runs === 2);
    expect(count).toMatchObject({ most: 1, aborted: 0 });
  });

  it('goes on in the others when one stops, which take over at once what was aborted', async () => {
    const name = randomUUID();
    const ran: string[] = [];
    const stopped = share().every(name, dayMs, async (signal) => {
      ran.push('one');
      await sleep(longLifetimeMs, undefined, { signal });
    });
    await eventually(() => ran.length === 1);
    const other = share();
    other.every(name, dayMs, async () => void ran.push('other'));
    await aWhile(other);
    expect(ran).toEqual(['one']);
    await stopped.stop();
    await eventually(() => ran.length === 2);
    await eventually(async () => (await recordOf(name)).lockedAt === null);
    expect(ran).toEqual(['one', 'other']);
  });

  it('leaves no lock behind, whenever it is stopped', async () => {
    const name = randomUUID();
    for (let afterMs = 0; afterMs < 20; afterMs++) {
      const job = share().every(name, 1, async (signal) => {
        await sleep(5, undefined, { signal });
      });
      await sleep(afterMs);
      await job.stop();
      expect((await records.findOne({ name }))?.lockedAt ?? null).toBeNull();
    }
  });

  it('takes over from a process that was killed, when it has watched its lock for its lifetime', async () => {
    const name = randomUUID();
    await runOnce(name);
    // Whatever its clock said.
    await plant(name, { lockedAt: new Date(Date.now() + dayMs), lastModifiedBy: 'dead', 'data.momentMs': 0 });
    const startedMs = performance.now();
    let ranMs = 0;
    share(1_000).every(name, dayMs, async () => {
      ranMs = performance.now();
    });
    await eventually(() => ranMs > 0);
    expect(ranMs - startedMs).toBeGreaterThanOrEqual(1_000);
  });

  it('stops a run that has lost its lock, and leaves the lock to its new holder', async () => {
    const name = randomUUID();
    let lost = false;
    share(6_000).every(name, dayMs, async (signal) => {
      await sleep(longLifetimeMs, undefined, { signal }).catch(() => undefined);
      lost = signal.aborted;
    });
    await eventually(async () => (await recordOf(name))?.lockedAt);
    const lockedAt = new Date();
    await plant(name, { lockedAt, lastModifiedBy: 'another' });
    // With its next renewal, not when it would have to stop trusting an old one.
    await eventually(() => lost, 4_000);
    await eventually(() => log.lines.some(({ message }) => message.includes('could not be kept')));
    await open[0]!.close();
    expect(await recordOf(name)).toMatchObject({ lockedAt, lastModifiedBy: 'another', data: { momentMs: 0 } });
  });

  it('believes another clock that is a little ahead, and not one that was hours ahead', async () => {
    const name = randomUUID();
    await runOnce(name);
    await plant(name, { 'data.momentMs': Date.now() + 4_000 });
    let runs = 0;
    const scheduler = share();
    const job = scheduler.every(name, dayMs, async () => void runs++);
    await aWhile(scheduler);
    expect(runs).toBe(0);
    await job.stop();
    await plant(name, { 'data.momentMs': Date.now() + 3_600_000 });
    scheduler.every(name, dayMs, async () => void runs++);
    await eventually(() => runs === 1);
  });

  it('goes on when the schedule was emptied', async () => {
    const name = randomUUID();
    let runs = 0;
    share().every(name, intervalMs, async () => void runs++);
    await eventually(() => runs === 1);
    await records.deleteMany({ name });
    await eventually(() => runs === 3);
  });
});
