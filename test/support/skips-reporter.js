import { missingBackends } from './backend-servers.js';

/** Says at the end of the run, where it can't be missed, what was skipped for want of a server. */
export default class SkipsReporter {
  onRunComplete(_, { testResults }) {
    const skipped = testResults.flatMap(({ testFilePath, testResults: tests }) =>
      tests
        .filter(({ status, title }) => status === 'pending' && title.startsWith('needs '))
        .map(({ title }) => `${testFilePath.replace(`${process.cwd()}/`, '')} ${title}`),
    );
    const missing = missingBackends();
    if (missing.length > 0) skipped.push(`the whole distributed shape needs ${missing.join(', ')}`);
    if (skipped.length === 0) return;
    process.stderr.write(`
SKIPPED FOR WANT OF A SERVER, ${skipped.length} in all:
${skipped.map((line) => `  ${line}`).join('\n')}
Name them in these variables, or have Docker running; docs/operations.md says more.
`);
  }
}
