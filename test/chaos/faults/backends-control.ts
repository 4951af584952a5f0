import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export const backends = ['eventstoredb', 'mongo', 'kafka', 'redis'] as const;
export type Backend = (typeof backends)[number];
export type Verb = 'stop' | 'start' | 'pause' | 'resume';

const run = promisify(execFile);

/**
 * Stops, starts, pauses and resumes the servers by the command in `BACKENDS_CONTROL`, which takes a verb and a name:
 * `docker compose`, or one of your own. Resolves when the command has ended.
 */
export const controlBackend = async (verb: Verb, backend: Backend): Promise<void> => {
  const [program, ...before] = (process.env.BACKENDS_CONTROL ?? '').split(' ').filter(Boolean);
  if (program === undefined) throw new Error('BACKENDS_CONTROL must name the command that controls the servers');
  const isDocker = program.endsWith('docker') || program.endsWith('docker-compose');
  await run(program, [...before, isDocker && verb === 'resume' ? 'unpause' : verb, backend], { timeout: 120_000 });
};
