import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startApp } from '../harness/app.ts';
import type { Figure } from '../harness/figure.ts';
import { seedInstallation } from '../seed/seed-installation.ts';
import type { Measurement } from './measurement.ts';

/** What the process holds some seconds after its start, with nobody asking. Linux only. */
export const memory: Measurement = async (scale, workshop): Promise<readonly Figure[]> => {
  const data = join(workshop.directory, 'data');
  const seeded = await seedInstallation(data, 10);
  const app = workshop.keep(await startApp(scale, data));
  const naive = await workshop.baseline('naive', seeded);
  await pause(scale.settleSeconds * 1_000);
  return [
    { name: 'idle memory (RSS)', value: residentMiB(app.pid), unit: 'MiB' },
    { name: 'idle memory of the naive app', value: residentMiB(naive.pid), unit: 'MiB' },
  ];
};

const residentMiB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
