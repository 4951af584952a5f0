import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** Runs `test/support/children/<name>.ts`, compiled, as a process of its own. */
export const startChild = (
  name: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
) => {
  const script = join(process.cwd(), 'dist-test/test/support/children', `${name}.js`);
  const child = spawn(process.execPath, [script, ...args], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk;
  });
  return {
    /** What it prints, line by line, until it ends. */
    lines: createInterface({ input: child.stdout }),
    kill: () => child.kill('SIGKILL'),
    stop: () => child.kill('SIGTERM'),
    /** The signal that ended it, or its exit code and what it printed as errors. */
    ended: once(child, 'close').then(([code, signal]) => (signal as string | null) ?? `${code} ${errors}`.trim()),
  };
};
