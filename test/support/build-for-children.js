import { spawnSync } from 'node:child_process';

/** Tests that kill a process need one of its own: it runs the compiled code in `dist-test`. */
export default () => {
  const { stdout } = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '--outDir', 'dist-test'], {
    encoding: 'utf8',
  });
  if (stdout) process.stderr.write(`The code does not pass the type check:\n${stdout}\n`);
};
