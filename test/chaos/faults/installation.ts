import { setTimeout as pause } from 'node:timers/promises';
import { allServices, type Service } from '../../../composition/services.ts';
import { walk } from '../../../exchange-simulator/market/walk.source.ts';
import { startExchangeSimulator } from '../../../exchange-simulator/start-exchange-simulator.ts';
import { startDistributed } from '../../support/distributed.ts';
import { type ServiceProcess, untilReady } from '../../support/service-process.ts';

/** How long a request may take, and what an answer may be late for reasons of the machine. */
export const deadlineMs = 10_000;
export const marginMs = 2_000;

const longestStopMs = 20_000;

/** Whether the process is still there. */
export const isRunning = ({ pid }: Pick<ServiceProcess, 'pid'>): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** The four services behind the gateway, an exchange, and a supervisor who starts again what was killed. */
export const startInstallation = async (environment: Readonly<Record<string, string>>) => {
  const symbols = [
    { symbol: 'BTCUSDT', startPrice: '67187.34' },
    { symbol: 'ETHUSDT', startPrice: '3487.12' },
  ];
  const simulator = await startExchangeSimulator({ source: walk({ seed: 1, symbols }) });
  const tidemark = await startDistributed({
    SYMBOLS: 'BTCUSDT,ETHUSDT',
    STREAM_INTERVAL_MS: '500',
    PRICE_SOURCE: simulator.name,
    BINANCE_REST_URL: simulator.restUrl,
    BINANCE_WS_URL: simulator.webSocketUrl,
    REQUEST_DEADLINE_MS: String(deadlineMs),
    LOG_LEVEL: 'info',
    ...environment,
  }).catch(async (error) => {
    await simulator.stop();
    throw error;
  });
  const latest = (service: Service): ServiceProcess => tidemark.of(service).at(-1)!;
  const killed = new Set<number>();
  const stuck: Service[] = [];

  /** As an operator would; with SIGKILL when that takes too long. */
  const stop = async (service: Service): Promise<void> => {
    const process = latest(service);
    killed.add(process.pid);
    const impatience = setTimeout(() => {
      stuck.push(service);
      process.signal('SIGKILL');
    }, longestStopMs);
    await process.stop();
    clearTimeout(impatience);
  };

  return {
    url: tidemark.url,
    setupToken: tidemark.setupToken,
    installation: tidemark.installation,
    processes: (): readonly ServiceProcess[] => allServices.map(latest),
    /** Those that are gone though nobody ended them. */
    ended: (): readonly Service[] =>
      allServices.flatMap((service) =>
        tidemark.of(service).flatMap((one) => (isRunning(one) || killed.has(one.pid) ? [] : [service])),
      ),
    /** Kills it with SIGKILL and, as a supervisor does, starts it again after a moment. Resolves when it is ready. */
    killAndRestart: async (service: Service): Promise<void> => {
      const old = latest(service);
      killed.add(old.pid);
      await old.stop('SIGKILL');
      await pause(1_000);
      await untilReady(await tidemark.start(service, { PORT: new URL(old.url).port }));
    },
    logs: (): readonly { readonly name: string; readonly text: string }[] =>
      allServices.flatMap((service) =>
        tidemark.of(service).map(({ printed }, index) => ({ name: `${service}-${index}`, text: printed() })),
      ),
    stop,
    /** Stops everything that still runs. */
    halt: async (): Promise<void> => {
      for (const service of allServices) if (isRunning(latest(service))) await stop(service);
      await tidemark.halt();
      await simulator.stop();
    },
    /** Those that had to be killed because they did not stop. */
    stuck: (): readonly Service[] => stuck,
  };
};
export type RunningInstallation = Awaited<ReturnType<typeof startInstallation>>;
