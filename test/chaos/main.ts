import { temporaryDirectory } from '../support/temporary-directory.ts';
import { killUnderLoad } from './kill-under-load.ts';

/** `npm run chaos [rounds]`: prints what each kill left, and fails when anything was lost or differs. */
const rounds = Number(process.argv[2] ?? 20);
const directory = temporaryDirectory();
const table: object[] = [];
let sound = true;
for await (const round of killUnderLoad(directory.path, rounds)) {
  table.push(round);
  sound &&= round.lost === 0 && round.broken === 0 && round.differing === 0;
  console.log(`round ${table.length} of ${rounds}: ${JSON.stringify(round)}`);
}
console.table(table);
directory.remove();
process.exitCode = sound ? 0 : 1;
