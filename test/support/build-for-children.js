import { spawnSync } from 'node:child_process';

/** Tests that kill a process need one of its own: it runs the compiled code in `dist-test`. */
export default () => {
  const options = ['--outDir', 'dist-test', '--incremental', '--tsBuildInfoFile', 'dist-test/.tsbuildinfo'];
  const { stdout } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', ...options], { encoding: 'utf8' });
  if (stdout) process.stderr.write(`The code does not pass the type check:\n${stdout}\n`);
};
