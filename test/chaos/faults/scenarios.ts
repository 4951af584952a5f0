import { setTimeout as pause } from 'node:timers/promises';
import { allServices, type Service } from '../../../composition/services.ts';
import type { TcpProxy } from '../../support/tcp-proxy.ts';
import { type Backend, backends, controlBackend, type Verb } from './backends-control.ts';
import type { RunningInstallation } from './installation.ts';
import { type Kind, kinds } from './requests.ts';

/** What a fault is done to, and for how long. */
export interface Field {
  readonly tidemark: RunningInstallation;
  /** Before the backend that the scenario goes through. */
  readonly network: TcpProxy | undefined;
  readonly seconds: number;
  readonly pauseSeconds: number;
}

export interface Scenario {
  readonly name: string;
  /** Is reached through a network that fails on command. */
  readonly through?: Backend;
  /** Does the harm, lets it last, and undoes it. */
  harm(field: Field): Promise<void>;
  /** What goes on meanwhile as if nothing were. */
  readonly goesOn: readonly Kind[];
  /** Somebody's readiness has to say that something is wrong. */
  readonly shows: boolean;
}

const lasting = async (seconds: number, harm: () => unknown, undo: () => unknown): Promise<void> => {
  await harm();
  await pause(seconds * 1_000);
  await undo();
};

/** Cache and bus can be away, and nobody who asks notices. */
const needless: readonly Backend[] = ['kafka', 'redis'];
const outage = (
  backend: Backend,
  name: string,
  harm: Verb,
  undo: Verb,
  length: 'seconds' | 'pauseSeconds',
): Scenario => ({
  name: `${backend}-${name}`,
  harm: (field) =>
    lasting(
      field[length],
      () => controlBackend(harm, backend),
      () => controlBackend(undo, backend),
    ),
  goesOn: needless.includes(backend) ? kinds : [],
  shows: true,
});

const slowMs = 200;
const slow = (backend: Backend): Scenario => ({
  name: `${backend}-slow`,
  through: backend,
  harm: ({ network, seconds }) =>
    lasting(
      seconds,
      () => setLatency(network!, slowMs),
      () => setLatency(network!, 0),
    ),
  goesOn: needless.includes(backend) ? kinds : [],
  shows: false,
});
const setLatency = (network: TcpProxy, latencyMs: number) => {
  network.latencyMs = latencyMs;
};

const cutEveryMs = 2_000;
/** As when the cluster has a new leader: all connections break, subscriptions too, and are to be made anew. */
const cut = (backend: Backend): Scenario => ({
  name: `${backend}-cut`,
  through: backend,
  harm: async ({ network, seconds }) => {
    for (const end = performance.now() + seconds * 1_000; performance.now() < end; ) {
      network!.cut();
      await pause(cutEveryMs);
    }
  },
  goesOn: [],
  shows: false,
});

/** Without this service these still go on. */
const without: Readonly<Record<Service, readonly Kind[]>> = {
  'command-api': ['read', 'price'],
  'query-api': ['command', 'registration'],
  projector: ['command', 'registration', 'price'],
  ingest: kinds,
};
const killed = (service: Service): Scenario => ({
  name: `${service}-killed`,
  harm: ({ tidemark }) => tidemark.killAndRestart(service),
  goesOn: without[service],
  shows: false,
});

export const scenarios: readonly Scenario[] = [
  ...backends.flatMap((backend) => [
    outage(backend, 'stopped', 'stop', 'start', 'seconds'),
    outage(backend, 'paused', 'pause', 'resume', 'pauseSeconds'),
    slow(backend),
  ]),
  cut('eventstoredb'),
  ...allServices.map(killed),
];
