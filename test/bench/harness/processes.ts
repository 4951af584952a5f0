import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { LoadJob, LoadResult } from './load-job.ts';

/** Of the compiled sources. */
const scriptAt = (path: string) => fileURLToPath(new URL(`../../../${path}.js`, import.meta.url));

/** Gives the job to a process of its own, and its answer back. @throws Error when the process fails */
export const runChild = async <Result>(name: string, job: object): Promise<Result> => {
  const child = fork(scriptAt(`test/bench/children/${name}`), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const answered = once(child, 'message').then(([result]) => result as Result);
  const ended = once(child, 'exit').then(([code]): never => {
    throw new Error(`${name} ended with ${code} and no answer`);
  });
  child.send(job);
  try {
    return await Promise.race([answered, ended]);
  } finally {
    answered.catch(() => undefined);
    ended.catch(() => undefined);
    if (child.exitCode === null) child.kill();
  }
};

/** @throws Error when an answer was no success: what fails fast is not fast */
export const runLoad = async (job: LoadJob): Promise<LoadResult> => {
  const result = await runChild<LoadResult>('load-generator', job);
  const bad = Object.keys(result.statuses).filter((status) => !status.startsWith('2'));
  if (bad.length > 0 || result.answered === 0) {
    throw new Error(`${job.requests[0]!.split('\r\n')[0]} was answered ${JSON.stringify(result.statuses)}`);
  }
  return result;
};

export interface RunningServer {
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts a server that prints a line with its `"url":"…"` once it listens. @throws Error when it ends before */
export const startServer = async (
  script: string,
  environment: Readonly<Record<string, string>>,
  nodeOptions: readonly string[] = [],
): Promise<RunningServer> => {
  const child = spawn(process.execPath, [...nodeOptions, scriptAt(script)], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk;
  });
  const lines = createInterface({ input: child.stdout });
  const url = await new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      const found = /"url":"(http:[^"]+)"/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`${script} ended with ${code}: ${errors}`)));
  });
  return { url, port: Number(new URL(url).port), pid: child.pid!, stop: () => stop(child) };
};

const stop = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const impatience = setTimeout(() => child.kill('SIGKILL'), 10_000);
  const [code, signal] = await ended;
  clearTimeout(impatience);
  // A baseline just dies of its SIGTERM; the app answers with 0.
  if (code !== 0 && signal !== 'SIGTERM') console.error(`a server did not stop as it should: ${code ?? signal}`);
};

/** What the process has taken so far, in user and system time (Linux: clock ticks of 10 ms). NaN elsewhere. */
export const cpuSeconds = (pid: number): number => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return Number.NaN;
  }
};
