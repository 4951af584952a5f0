import { setTimeout as pause } from 'node:timers/promises';
import type { NoticeClient } from '../../support/notice-client.ts';
import type { ServiceProcess } from '../../support/service-process.ts';
import type { Load } from './load.ts';
import { look } from './observer.ts';
import type { Asked } from './requests.ts';

/** Seconds from the end of the fault until each was well again; undefined: not within a minute. */
export interface Recovery {
  /** The first command sent since that was done. */
  readonly command: number | undefined;
  /** No service's readiness complains. */
  readonly readiness: number | undefined;
  /** Whoever listens has heard of everything that was acknowledged until then. */
  readonly notices: number | undefined;
  /** A price of a later time was answered. */
  readonly prices: number | undefined;
}

export interface Recovering {
  readonly processes: () => readonly ServiceProcess[];
  readonly asked: readonly Asked[];
  readonly load: Load;
  /** Hears of everyone. */
  readonly admin: NoticeClient;
}

const longestMs = 60_000;
const everyMs = 100;

/** Where somebody's notices are. */
export const heardUpTo = ({ heard }: Pick<NoticeClient, 'heard'>): bigint => BigInt(heard.at(-1)?.position ?? -1);
export const acknowledgedUpTo = ({ acknowledged }: Pick<Load, 'acknowledged'>): bigint =>
  acknowledged.reduce((latest, { position }) => (position > latest ? position : latest), -1n);

/** Seconds until the check holds, or undefined. */
const secondsUntil = async (check: () => boolean | Promise<boolean>): Promise<number | undefined> => {
  const from = performance.now();
  for (;;) {
    if (await check()) return (performance.now() - from) / 1_000;
    if (performance.now() > from + longestMs) return undefined;
    await pause(everyMs);
  }
};

/** To be called at the moment when the fault is over. */
export const untilWell = async ({ processes, asked, load, admin }: Recovering): Promise<Recovery> => {
  const [from, wallFrom, told] = [performance.now(), Date.now(), acknowledgedUpTo(load)];
  const done = ({ kind, outcome, startedAt }: Asked) => kind === 'command' && outcome === 'ok' && startedAt >= from;
  const [command, readiness, notices, prices] = await Promise.all([
    secondsUntil(() => asked.some(done)),
    secondsUntil(async () => (await Promise.all(processes().map(look))).every(isWell)),
    secondsUntil(() => heardUpTo(admin) >= told),
    secondsUntil(() => load.pricedAt() > wallFrom),
  ]);
  return { command, readiness, notices, prices };
};

const isWell = ({ ready, complaints }: { readonly ready: boolean; readonly complaints: readonly string[] }) =>
  ready && complaints.length === 0;
