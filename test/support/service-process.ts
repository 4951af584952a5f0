import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Service } from '../../composition/services.ts';
import { eventually } from './eventually.ts';

/** A service as a process of its own, as `npm run start:<service>` runs it. */
export interface ServiceProcess {
  readonly service: Service;
  readonly url: string;
  readonly pid: number;
  /** What it has printed so far: its log, and what it says to whoever started it. */
  readonly printed: () => string;
  signal(signal: NodeJS.Signals): void;
  /** Ends it as an operator would, or with `SIGKILL`; resolves when it is gone. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Bounded, so that a long test can keep its processes' logs. */
const mostLines = 20_000;

/** Starts one, compiled; resolves when it listens. It may still have to become ready. */
export const startService = async (
  service: Service,
  environment: Readonly<Record<string, string>>,
  options: readonly string[] = [],
): Promise<ServiceProcess> => {
  const script = join(process.cwd(), 'dist-test', service, 'main.js');
  const child = spawn(process.execPath, [...options, script], {
    env: { PATH: process.env.PATH, PORT: '0', LOG_LEVEL: 'debug', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  let url: string | undefined;
  const keep = (line: string) => {
    if (lines.length >= mostLines) lines.shift();
    lines.push(line);
    if (url === undefined && line.includes('"msg":"ready"')) url = JSON.parse(line).url;
  };
  createInterface({ input: child.stdout }).on('line', keep);
  createInterface({ input: child.stderr }).on('line', keep);
  const ended = once(child, 'close');
  let gone = false;
  void ended.then(() => {
    gone = true;
  });
  const printed = () => lines.join('\n');
  await eventually(() => url !== undefined || gone, 60_000).catch(() => child.kill('SIGKILL'));
  if (url === undefined) throw new Error(`${service} did not become ready:\n${printed()}`);
  return {
    service,
    url,
    pid: child.pid!,
    printed,
    signal: (signal) => void child.kill(signal),
    stop: async (signal = 'SIGTERM') => {
      child.kill(signal);
      // Who is paused takes no other signal.
      if (signal !== 'SIGKILL') child.kill('SIGCONT');
      await ended;
    },
  };
};

/** Resolves when the process answers that it is ready. */
export const untilReady = async ({ service, url, printed }: ServiceProcess): Promise<void> => {
  let last = '';
  await eventually(async () => {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    last = (await answer?.text()) ?? 'does not answer';
    return answer?.status === 200;
  }, 60_000).catch((error) => {
    throw new Error(`${service} is not ready: ${last}\n${printed()}`, { cause: error });
  });
};
