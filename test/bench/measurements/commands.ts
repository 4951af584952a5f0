import { join } from 'node:path';
import { SqliteEventStore } from '../../../adapters/sqlite/sqlite-event-store.ts';
import { startApp } from '../harness/app.ts';
import { compare, madeOf, ratio } from '../harness/compare.ts';
import type { Figure } from '../harness/figure.ts';
import { changeNames } from '../seed/change-names.ts';
import { seedInstallation } from '../seed/seed-installation.ts';
import type { Measurement } from './measurement.ts';

/** PATCH that changes a name, by many users with a token each: token, validation, encryption, mac, sync. */
export const commands: Measurement = async (scale, workshop): Promise<readonly Figure[]> => {
  const data = join(workshop.directory, 'data');
  const seeded = await seedInstallation(data, scale.users);
  const before = await headOf(data);
  const app = workshop.keep(await startApp(scale, data));
  const naive = await workshop.baseline('naive', seeded);
  const tuned = await workshop.baseline('tuned', seeded);
  const requests = changeNames(seeded.users);
  const measured = await compare(scale, {
    naive: { server: naive, requests },
    app: { server: app, requests },
    tuned: { server: tuned, requests },
  });

  await app.stop();
  const written = (await headOf(data)) - before;
  if (written < measured.app.answeredInAll) throw new Error('a command was answered and is not in the store');
  return [
    {
      name: 'command / naive durable create',
      value: ratio(measured.app, measured.naive),
      unit: '×',
      aim: { atLeast: 2.2 },
      from: madeOf(measured.app, measured.naive),
    },
    {
      name: 'command / bare group-committed insert',
      value: ratio(measured.app, measured.tuned),
      unit: '×',
      aim: { atLeast: 0.8 },
      from: madeOf(measured.app, measured.tuned),
    },
    { name: 'command p99, 32 connections', value: measured.app.p99Ms, unit: 'ms' },
  ];
};

const headOf = async (data: string): Promise<number> => {
  const store = new SqliteEventStore(join(data, 'events.db'));
  const head = Number(await store.head());
  await store.close();
  return head;
};
