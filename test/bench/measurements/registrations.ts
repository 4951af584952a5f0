import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { startApp } from '../harness/app.ts';
import { type Figure, round } from '../harness/figure.ts';
import { type LoadJob, rawRequest } from '../harness/load-job.ts';
import { runChild, runLoad } from '../harness/processes.ts';
import { median } from '../harness/statistics.ts';
import { seedInstallation } from '../seed/seed-installation.ts';
import type { Measurement } from './measurement.ts';

const readsPerSecond = 200;
/** More than are hashed at once, less than the queue holds. */
const registering = 8;
/** As many as the app hashes at once. */
const atOnce = Math.max(1, availableParallelism() - 1);

/** Registrations against bare hashing, and what others feel of them. */
export const registrations: Measurement = async (scale, workshop): Promise<readonly Figure[]> => {
  const data = join(workshop.directory, 'data');
  const { users } = await seedInstallation(data, 100);
  const app = workshop.keep(await startApp(scale, data));
  const measureMs = scale.registrationSeconds * 1_000;
  const job = { port: app.port, warmUpMs: 500, measureMs };
  const reads: LoadJob = {
    ...job,
    connections: 8,
    requestsPerSecond: readsPerSecond,
    requests: users.map(({ token }) => rawRequest({ path: '/v1/prices/BTCUSDT', token })),
  };
  const register = (round: number): LoadJob => ({
    ...job,
    connections: registering,
    requests: Array.from({ length: scale.registrationSeconds * 200 }, (_, index) => {
      const person = { name: 'Somebody New', password: 'long enough a password' };
      return rawRequest({
        method: 'POST',
        path: '/v1/users',
        body: { ...person, email: `new${round}-${index}@example.com` },
      });
    }),
  });

  const paces: number[] = [];
  const rates: number[] = [];
  for (let round = 0; round < scale.rounds; round++) {
    paces.push(await runChild<number>('argon2-pace', { measureMs, atOnce }));
    rates.push((await runLoad(register(round))).perSecond);
  }
  const alone = await runLoad(reads);
  // What the cores make of it, whoever hashes.
  const [besideHashing] = await Promise.all([runLoad(reads), runChild('argon2-pace', { measureMs, atOnce })]);
  const [beside, during] = await Promise.all([runLoad(reads), runLoad(register(scale.rounds))]);
  return [
    {
      name: 'registration / bare argon2id',
      value: median(rates.map((rate, index) => rate / paces[index]!)),
      unit: '×',
      aim: { atLeast: 0.9 },
      from: `${round(median(rates))}/s to ${round(median(paces))}/s, ${atOnce} at once`,
    },
    { name: `cached read p99 at ${readsPerSecond}/s, alone`, value: alone.p99Ms, unit: 'ms' },
    {
      name: `cached read p99 at ${readsPerSecond}/s, while another process hashes`,
      value: besideHashing.p99Ms,
      unit: 'ms',
    },
    {
      name: `cached read p99 at ${readsPerSecond}/s, while others register`,
      value: beside.p99Ms,
      unit: 'ms',
      from: `beside ${round(during.perSecond)} registrations/s`,
    },
  ];
};
