import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startApp } from '../harness/app.ts';
import type { Figure } from '../harness/figure.ts';
import type { Scale } from '../harness/scale.ts';
import { median } from '../harness/statistics.ts';
import { seedHistory } from '../seed/seed-history.ts';
import type { Measurement } from './measurement.ts';

/** From starting the process until /readyz answers 200. */
export const start: Measurement = async (scale, { directory }): Promise<readonly Figure[]> => {
  const empty = await times(scale, (turn) => join(directory, `empty-${turn}`));
  const filled = join(directory, 'filled');
  mkdirSync(filled);
  await seedHistory(join(filled, 'events.db'), scale.historyEvents);
  // The first start makes the views.
  const [first] = await times({ ...scale, starts: 1 }, () => filled);
  const again = await times(scale, () => filled);
  const from = `median of ${scale.starts}`;
  return [
    { name: 'start to ready, empty directory', value: median(empty), unit: 's', aim: { below: 1 }, from },
    {
      name: `start to ready, ${scale.historyEvents} events`,
      value: median(again),
      unit: 's',
      aim: { below: 1 },
      from,
    },
    { name: `start to ready, ${scale.historyEvents} events, views made anew`, value: first!, unit: 's' },
  ];
};

const times = async (scale: Scale, directoryOf: (turn: number) => string): Promise<number[]> => {
  const seconds: number[] = [];
  for (let turn = 0; turn < scale.starts; turn++) {
    const startedAt = performance.now();
    const app = await startApp(scale, directoryOf(turn));
    seconds.push((performance.now() - startedAt) / 1000);
    await app.stop();
  }
  return seconds;
};
