import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Figure, table } from './harness/figure.ts';
import { full, quick } from './harness/scale.ts';
import { Workshop } from './harness/workshop.ts';
import { cachedReads } from './measurements/cached-reads.ts';
import { commands } from './measurements/commands.ts';
import { distributed } from './measurements/distributed.ts';
import type { Measurement } from './measurements/measurement.ts';
import { memory } from './measurements/memory.ts';
import { openReads } from './measurements/open-reads.ts';
import { rebuild } from './measurements/rebuild.ts';
import { registrations } from './measurements/registrations.ts';
import { sockets } from './measurements/sockets.ts';
import { start } from './measurements/start.ts';
import { syncs } from './measurements/syncs.ts';

const measurements: Readonly<Record<string, Measurement>> = {
  commands,
  'cached-reads': cachedReads,
  'open-reads': openReads,
  registrations,
  sockets,
  rebuild,
  start,
  memory,
  syncs,
  distributed,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean' }, json: { type: 'string' }, profile: { type: 'string' } },
});
const unknown = positionals.filter((name) => !(name in measurements));
if (unknown.length > 0) {
  console.error(`there is no ${unknown.join(', ')}; there are ${Object.keys(measurements).join(', ')}`);
  process.exit(2);
}
const scale = {
  ...(values.quick ? quick : full),
  ...(values.profile !== undefined && { profileDirectory: values.profile }),
};

const figures: Figure[] = [];
/** Without servers there is nothing to measure of the distributed shape, and whoever asks for everything need not have them. */
const hasServers = ['EVENTSTORE_URL', 'MONGO_URL', 'KAFKA_BROKERS', 'REDIS_URL', 'CADDY'].every(
  (name) => process.env[name],
);
const all = Object.keys(measurements).filter((name) => name !== 'distributed' || hasServers);
for (const name of positionals.length > 0 ? positionals : all) {
  const workshop = new Workshop();
  const startedAt = performance.now();
  try {
    figures.push(...(await measurements[name]!(scale, workshop)));
  } catch (error) {
    console.error(`${name} failed:`, error);
    process.exitCode = 1;
  } finally {
    await workshop.clear();
  }
  console.error(`${name}: ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
}
console.log(table(figures));
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(figures, undefined, 2));
