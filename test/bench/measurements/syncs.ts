import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startApp } from '../harness/app.ts';
import type { Figure } from '../harness/figure.ts';
import { runLoad } from '../harness/processes.ts';
import { changeNames } from '../seed/change-names.ts';
import { seedInstallation } from '../seed/seed-installation.ts';
import type { Measurement } from './measurement.ts';

/** Counts the syncs to disk under a load of commands: that there are any, and how many commands share one. */
export const syncs: Measurement = async (scale, workshop): Promise<readonly Figure[]> => {
  if (spawnSync('strace', ['-V']).error) {
    console.error('syncs: skipped, strace is not there');
    return [];
  }
  const data = join(workshop.directory, 'data');
  const { users } = await seedInstallation(data, scale.users);
  const app = workshop.keep(await startApp(scale, data));
  const figures: Figure[] = [];
  for (const connections of [1, 32]) {
    const summary = join(workshop.directory, `strace-${connections}`);
    const tracer = spawn('strace', ['-f', '-c', '-e', 'trace=fdatasync,fsync', '-o', summary, '-p', String(app.pid)]);
    const ended = once(tracer, 'close');
    await once(tracer.stderr, 'data');
    const requests = changeNames(users)(connections);
    const load = { port: app.port, connections, warmUpMs: 0, measureMs: scale.measureMs, requests };
    const { answeredInAll } = await runLoad(load);
    tracer.kill('SIGINT');
    await ended;
    const counted = countIn(readFileSync(summary, 'utf8'));
    figures.push({
      name: `commands a sync, ${connections} connection${connections === 1 ? '' : 's'}`,
      value: answeredInAll / counted,
      unit: '',
      from: `${answeredInAll} commands, ${counted} fdatasync, counted by strace`,
    });
  }
  return figures;
};

/** The fourth column of strace's summary. */
const countIn = (summary: string): number =>
  summary
    .split('\n')
    .filter((line) => /\bf(data)?sync$/.test(line))
    .reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[3]), 0);
