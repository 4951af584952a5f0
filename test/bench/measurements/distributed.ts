import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { DistributedRebuildJob } from '../children/distributed-rebuild.ts';
import type { RebuildJob } from '../children/rebuild.ts';
import type { SocketJob, SocketResult } from '../children/socket-clients.ts';
import { startApp } from '../harness/app.ts';
import { compare, madeOf, ratio } from '../harness/compare.ts';
import { startDistributedApp } from '../harness/distributed-app.ts';
import { type Figure, round } from '../harness/figure.ts';
import { rawRequest } from '../harness/load-job.ts';
import { type RunningServer, runChild } from '../harness/processes.ts';
import type { Scale } from '../harness/scale.ts';
import { changeNames } from '../seed/change-names.ts';
import { seedHistory } from '../seed/seed-history.ts';
import { seedInstallation } from '../seed/seed-installation.ts';
import type { Measurement } from './measurement.ts';

/** What the servers of the environment are: figures of a stand-in say nothing of the real one. */
const servers = process.env.BENCH_SERVERS ?? 'EVENTSTORE_URL, MONGO_URL, KAFKA_BROKERS, REDIS_URL';

const read = '/v1/prices/BTCUSDT';

/** Four processes on servers, beside the one process on files, in one run. */
export const distributed: Measurement = async (scale, workshop): Promise<readonly Figure[]> => {
  const users = Math.min(scale.users, 500);
  const data = join(workshop.directory, 'data');
  const seeded = await seedInstallation(data, users);
  const embedded = workshop.keep(await startApp(scale, data));
  const app = await startDistributedApp(workshop, users);
  const gateway: RunningServer = { ...app.commandApi, url: app.url, port: Number(new URL(app.url).port) };

  const commands = await compare(scale, {
    embedded: { server: embedded, requests: changeNames(seeded.users) },
    service: { server: app.commandApi, requests: changeNames(app.users) },
    gateway: { server: gateway, requests: changeNames(app.users, 'by the gateway') },
  });
  const readsBy = (tokens: readonly { readonly token: string }[]) => () =>
    tokens.map(({ token }) => rawRequest({ path: read, token }));
  const reads = await compare(scale, {
    embedded: { server: embedded, requests: readsBy(seeded.users) },
    service: { server: app.queryApi, requests: readsBy(app.users) },
    gateway: { server: { ...gateway, pid: app.queryApi.pid }, requests: readsBy(app.users) },
  });
  const toSocket = async (url: string, of: typeof seeded.users) => {
    const { commandsPerSecond, socketSeconds: seconds } = scale;
    const job: SocketJob = {
      url,
      users: of.slice(0, Math.min(scale.sockets, 200)),
      name: randomUUID(),
      commandsPerSecond: commandsPerSecond / 2,
      seconds,
    };
    return runChild<SocketResult>('socket-clients', job);
  };
  const [near, far] = [await toSocket(embedded.url, seeded.users), await toSocket(app.url, app.users)];
  await workshop.stopAll();
  const [rebuilt, rebuiltEmbedded] = await rebuilds(scale, workshop.directory);

  const from = `on ${servers}`;
  return [
    {
      name: 'distributed command / embedded command',
      value: ratio(commands.service, commands.embedded),
      unit: '×',
      from: `${madeOf(commands.service, commands.embedded)}; ${from}`,
    },
    {
      name: 'distributed command through the gateway / direct',
      value: ratio(commands.gateway, commands.service),
      unit: '×',
      from: madeOf(commands.gateway, commands.service),
    },
    { name: 'distributed command p99, 32 connections', value: commands.service.p99Ms, unit: 'ms', from },
    {
      name: `distributed GET ${read} / embedded`,
      value: ratio(reads.service, reads.embedded),
      unit: '×',
      from: madeOf(reads.service, reads.embedded),
    },
    {
      name: `distributed GET ${read} through the gateway / direct`,
      value: ratio(reads.gateway, reads.service),
      unit: '×',
      from: madeOf(reads.gateway, reads.service),
    },
    {
      name: 'distributed command to socket, p50',
      value: far.p50Ms,
      unit: 'ms',
      from: `embedded ${round(near.p50Ms)} ms`,
    },
    {
      name: 'distributed command to socket, p99',
      value: far.p99Ms,
      unit: 'ms',
      from: `embedded ${round(near.p99Ms)} ms`,
    },
    {
      name: 'distributed rebuild',
      value: rebuilt.perSecond,
      unit: '/s',
      from: `embedded ${round(rebuiltEmbedded)}/s; three views at once; ${from}`,
    },
    {
      name: 'distributed rebuild / reading the events and no more',
      value: rebuilt.perSecond / rebuilt.scanPerSecond,
      unit: '×',
      from: `${round(rebuilt.perSecond)}/s to ${round(rebuilt.scanPerSecond)}/s`,
    },
  ];
};

const rebuilds = async (scale: Scale, directory: string) => {
  const events = Math.min(scale.historyEvents, 20_000);
  const rebuilt = await runChild<{ perSecond: number; scanPerSecond: number }>('distributed-rebuild', {
    events,
  } satisfies DistributedRebuildJob);
  const eventsFile = join(directory, 'rebuild-events.db');
  await seedHistory(eventsFile, events);
  const job: RebuildJob = { eventsFile, viewsFile: join(directory, 'rebuild-views.db') };
  return [rebuilt, events / (await runChild<number>('rebuild', job))] as const;
};
