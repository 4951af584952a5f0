import { join } from 'node:path';
import { startApp } from '../harness/app.ts';
import { compare, madeOf, ratio } from '../harness/compare.ts';
import type { Figure } from '../harness/figure.ts';
import { rawRequest } from '../harness/load-job.ts';
import { seedInstallation } from '../seed/seed-installation.ts';
import type { Measurement } from './measurement.ts';

const paths = ['/v1/prices/BTCUSDT', '/v1/prices', '/v1/dashboard'] as const;

/** Reads with a token, against Express answering the same body: with a token as people do it, and open. */
export const cachedReads: Measurement = async (scale, workshop) => {
  const data = join(workshop.directory, 'data');
  const seeded = await seedInstallation(data, scale.users);
  const app = workshop.keep(await startApp(scale, data));
  const { users } = seeded;
  const headers = { authorization: `Bearer ${users[0]!.token}` };
  const bodies: Record<string, unknown> = {};
  for (const path of paths) bodies[path] = await (await fetch(app.url + path, { headers })).json();
  const naive = await workshop.baseline('naive', seeded, bodies);
  const tuned = await workshop.baseline('tuned', seeded, bodies);

  const figures: Figure[] = [];
  for (const path of paths) {
    const withTokens = users.map(({ token }) => rawRequest({ path, token }));
    const measured = await compare(scale, {
      naive: { server: naive, requests: () => withTokens },
      app: { server: app, requests: () => withTokens },
      bare: { server: tuned, requests: () => [rawRequest({ path })] },
    });
    figures.push(
      {
        name: `GET ${path} / naive authenticated read`,
        value: ratio(measured.app, measured.naive),
        unit: '×',
        aim: { atLeast: 3 },
        from: madeOf(measured.app, measured.naive),
      },
      {
        name: `GET ${path} / bare open res.json`,
        value: ratio(measured.app, measured.bare),
        unit: '×',
        aim: { atLeast: 1 },
        from: madeOf(measured.app, measured.bare),
      },
    );
  }
  return figures;
};
