import { openPeople, scenarios } from '../embedded-people.ts';

/** Runs a scenario and kills itself at the nth write: `<directory> <key> <scenario> <ids> <n> <before|after>`. */
const [directory, key, scenario, ids, count, moment] = process.argv.slice(2);
let writes = 0;
const people = await openPeople(directory!, Buffer.from(key!, 'hex'), (step, when) => {
  if (when === 'before') writes++;
  if (writes !== Number(count) || when !== moment) return;
  // Written at once, since nothing is after the next line.
  console.log(step);
  process.kill(process.pid, 'SIGKILL');
});
await scenarios[scenario!]!(people, JSON.parse(ids!));
