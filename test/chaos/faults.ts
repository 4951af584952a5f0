import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { brokenPromises } from './faults/promises.ts';
import { report } from './faults/report.ts';
import type { Result } from './faults/result.ts';
import { runScenario } from './faults/run-scenario.ts';
import { scenarios } from './faults/scenarios.ts';

/**
 * `npm run faults -- [--seconds 30] [--pause-seconds 12] [--logs directory] [scenario …]`: breaks what the distributed
 * shape stands on, under load, and fails when a promise is broken. A scenario's name, or the beginning of several.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '30' },
    'pause-seconds': { type: 'string', default: '12' },
    logs: { type: 'string' },
  },
});
const needed = ['EVENTSTORE_URL', 'MONGO_URL', 'KAFKA_BROKERS', 'REDIS_URL', 'CADDY', 'BACKENDS_CONTROL'];
const missing = needed.filter((name) => !process.env[name]);
const chosen = scenarios.filter(
  ({ name }) => positionals.length === 0 || positionals.some((beginning) => name.startsWith(beginning)),
);
if (missing.length > 0 || chosen.length === 0) {
  console.error(missing.length > 0 ? `set ${missing.join(', ')}` : 'no scenario has such a name; there are:');
  for (const { name } of scenarios) console.error(`  ${name}`);
  process.exit(2);
}

const lengths = { seconds: Number(values.seconds), pauseSeconds: Number(values['pause-seconds']) };
const results: Result[] = [];
// Until all of it has been seen through and is sound.
process.exitCode = 1;
let sound = true;
for (const scenario of chosen) {
  console.error(`${scenario.name} …`);
  const keepLogs = (logs: readonly { readonly name: string; readonly text: string }[]) => {
    if (values.logs === undefined) return;
    const directory = join(values.logs, scenario.name);
    mkdirSync(directory, { recursive: true });
    for (const { name, text } of logs) writeFileSync(join(directory, `${name}.log`), text);
  };
  try {
    const result = await runScenario(scenario, lengths, keepLogs);
    results.push(result);
    for (const broken of brokenPromises(result)) console.error(`  broken: ${broken}`);
    sound &&= brokenPromises(result).length === 0;
  } catch (error) {
    console.error('  could not be seen through:', error);
    sound = false;
  }
}
console.log(report(results));
process.exitCode = sound ? 0 : 1;
