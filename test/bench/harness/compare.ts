import { round } from './figure.ts';
import type { LoadJob, LoadResult } from './load-job.ts';
import { cpuSeconds, type RunningServer, runLoad } from './processes.ts';
import type { Scale } from './scale.ts';
import { median } from './statistics.ts';

export interface Contender {
  readonly server: RunningServer;
  /** What it is asked in this round: writes must differ from round to round. */
  readonly requests: (round: number) => readonly string[];
}

export interface Measured {
  readonly perSecond: number;
  readonly p99Ms: number;
  /** What the server's process took for one request: says less of the machine's other work than the rate does. */
  readonly cpuMicroseconds: number;
  readonly answeredInAll: number;
  readonly rounds: readonly Round[];
}

interface Round extends LoadResult {
  readonly cpuMicroseconds: number;
}

const connections = 32;

/** Loads the contenders in turn, round after round, so that what else the machine does meets all of them. */
export const compare = async <Name extends string>(
  scale: Scale,
  contenders: Readonly<Record<Name, Contender>>,
): Promise<Readonly<Record<Name, Measured>>> => {
  const names = Object.keys(contenders) as Name[];
  const rounds = new Map<Name, Round[]>(names.map((name) => [name, []]));
  const warmUps = new Map<Name, number>();
  for (let turn = 0; turn <= scale.rounds; turn++) {
    // Round 0 only warms up: what is compiled and what fills the caches.
    const measureMs = turn === 0 ? scale.warmUpMs : scale.measureMs;
    for (const name of names) {
      const { server, requests } = contenders[name];
      const job: LoadJob = { port: server.port, connections, warmUpMs: 200, measureMs, requests: requests(turn) };
      const cpuBefore = cpuSeconds(server.pid);
      const result = await runLoad(job);
      const cpuMicroseconds = ((cpuSeconds(server.pid) - cpuBefore) * 1e6) / result.answeredInAll;
      if (turn > 0) rounds.get(name)!.push({ ...result, cpuMicroseconds });
      else warmUps.set(name, result.answeredInAll);
    }
  }
  return Object.fromEntries(names.map((name) => [name, summary(rounds.get(name)!, warmUps.get(name)!)])) as Record<
    Name,
    Measured
  >;
};

const summary = (rounds: readonly Round[], warmUps: number): Measured => ({
  perSecond: median(rounds.map(({ perSecond }) => perSecond)),
  p99Ms: median(rounds.map(({ p99Ms }) => p99Ms)),
  cpuMicroseconds: median(rounds.map(({ cpuMicroseconds }) => cpuMicroseconds)),
  answeredInAll: rounds.reduce((sum, { answeredInAll }) => sum + answeredInAll, warmUps),
  rounds,
});

/** The median of the rounds' ratios: neighbours in time meet the same noise. */
export const ratio = (one: Measured, other: Measured): number =>
  median(one.rounds.map(({ perSecond }, turn) => perSecond / other.rounds[turn]!.perSecond));

/** Both rates, and the time on a core that a request takes. */
export const madeOf = (one: Measured, other: Measured): string => {
  const print = ({ perSecond, cpuMicroseconds }: Measured) =>
    `${round(perSecond)}/s (${round(cpuMicroseconds)} µs CPU)`;
  return `${print(one)} to ${print(other)}`;
};
