import { join } from 'node:path';
import { startApp } from '../harness/app.ts';
import { compare, madeOf, ratio } from '../harness/compare.ts';
import type { Figure } from '../harness/figure.ts';
import { rawRequest } from '../harness/load-job.ts';
import { seedInstallation } from '../seed/seed-installation.ts';
import type { Measurement } from './measurement.ts';

const paths = ['/.well-known/jwks.json', '/livez'] as const;

/** Reads that anyone may do, against a naive app (with helmet and the body parser) answering the same body. */
export const openReads: Measurement = async (scale, workshop) => {
  const data = join(workshop.directory, 'data');
  const seeded = await seedInstallation(data, 1);
  const app = workshop.keep(await startApp(scale, data));
  const bodies: Record<string, unknown> = {};
  for (const path of paths) bodies[path] = await (await fetch(app.url + path)).json();
  const naive = await workshop.baseline('naive', seeded, bodies);

  const figures: Figure[] = [];
  for (const path of paths) {
    const measured = await compare(scale, {
      naive: { server: naive, requests: () => [rawRequest({ path: `/open${path}` })] },
      app: { server: app, requests: () => [rawRequest({ path })] },
    });
    figures.push({
      name: `GET ${path} / naive open read`,
      value: ratio(measured.app, measured.naive),
      unit: '×',
      aim: { atLeast: 2 },
      from: madeOf(measured.app, measured.naive),
    });
  }
  return figures;
};
