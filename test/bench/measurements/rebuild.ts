import { join } from 'node:path';
import type { RebuildJob } from '../children/rebuild.ts';
import type { ScanJob } from '../children/scan.ts';
import { type Figure, round } from '../harness/figure.ts';
import { runChild } from '../harness/processes.ts';
import { median } from '../harness/statistics.ts';
import { seedHistory } from '../seed/seed-history.ts';
import type { Measurement } from './measurement.ts';

/** The views of users, prices and candles from all events, against reading the file and nothing else. */
export const rebuild: Measurement = async (scale, { directory }): Promise<readonly Figure[]> => {
  const eventsFile = join(directory, 'events.db');
  await seedHistory(eventsFile, scale.historyEvents);
  const scan = async (as: ScanJob['as']) => {
    const job: ScanJob = { eventsFile, as };
    return scale.historyEvents / (await runChild<number>('scan', job));
  };
  const rows: number[] = [];
  const events: number[] = [];
  const rebuilds: number[] = [];
  for (let turn = 0; turn < Math.min(3, scale.rounds); turn++) {
    rows.push(await scan('rows'));
    events.push(await scan('events'));
    const job: RebuildJob = { eventsFile, viewsFile: join(directory, `views-${turn}.db`) };
    rebuilds.push(scale.historyEvents / (await runChild<number>('rebuild', job)));
  }
  const from = `${scale.historyEvents} events: three of five ticks, the rest users and candles; three views at once`;
  return [
    { name: 'rebuild', value: median(rebuilds), unit: '/s', aim: { atLeast: 100_000 }, from },
    {
      name: 'rebuild / raw scan of the file’s rows',
      value: median(rebuilds.map((rate, turn) => rate / rows[turn]!)),
      unit: '×',
      aim: { atLeast: 0.5 },
      from: `${round(median(rebuilds))}/s to ${round(median(rows))}/s`,
    },
    {
      name: 'rebuild / reading the events and no more',
      value: median(rebuilds.map((rate, turn) => rate / events[turn]!)),
      unit: '×',
      from: `${round(median(rebuilds))}/s to ${round(median(events))}/s`,
    },
  ];
};
