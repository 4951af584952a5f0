import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Service } from '../../../composition/services.ts';
import type { ServiceProcess } from '../../support/service-process.ts';

/** What a service said of itself, and how much it held. */
export interface Seen {
  readonly service: Service;
  /** Milliseconds of `performance.now()`. */
  readonly at: number;
  readonly ready: boolean;
  /** Of each check that isn't well: `name: detail`. */
  readonly complaints: readonly string[];
  /** Resident memory in MB; undefined where it can't be read. */
  readonly residentMb: number | undefined;
}

const everyMs = 1_000;
/** The checks have two seconds. */
const longestMs = 4_000;

/** Asks the process for its readiness. Never rejects. */
export const look = async ({ service, url, pid }: ServiceProcess): Promise<Seen> => {
  const at = performance.now();
  const residentMb = residentMbOf(pid);
  try {
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(longestMs) });
    const { checks } = (await answer.json()) as { checks: { name: string; state: string; detail?: string }[] };
    const complaints = checks
      .filter(({ state }) => state !== 'ok')
      .map(({ name, state, detail }) => `${name} ${state}${detail === undefined ? '' : ` (${detail})`}`);
    return { service, at, ready: answer.status === 200, complaints, residentMb };
  } catch (error) {
    const silent = (error as Error).name === 'TimeoutError' ? 'readiness hangs' : 'is not there';
    return { service, at, ready: false, complaints: [silent], residentMb };
  }
};

/** Linux only; undefined elsewhere, and when the process is gone. */
const residentMbOf = (pid: number): number | undefined => {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1024);
  } catch {
    return undefined;
  }
};

/** Looks at all processes once a second, until it is stopped. */
export const observe = (processes: () => readonly ServiceProcess[]) => {
  const stopping = new AbortController();
  const { signal } = stopping;
  const seen: Seen[] = [];
  const run = async () => {
    while (!signal.aborted) {
      const round = pause(everyMs, undefined, { signal }).catch(() => undefined);
      seen.push(...(await Promise.all(processes().map(look))));
      await round;
    }
  };
  const running = run();
  return {
    seen: seen as readonly Seen[],
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
};
