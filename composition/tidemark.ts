import 'reflect-metadata';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { container as root } from 'tsyringe';
import { isSetUp } from '../command-api/setup/set-up.ts';
import { allOperations } from '../contracts/http/all-operations.ts';
import type { Log } from '../contracts/ports/log.ts';
import { createApp } from '../http/app.ts';
import { answerClientErrors } from '../http/client-errors.ts';
import { drain } from '../http/drain.ts';
import type { Configuration } from '../runtime/configuration.ts';
import { Lifecycle } from '../runtime/lifecycle.ts';
import { untilAvailable } from '../runtime/until-available.ts';
import { letAccessEnd } from './access.ts';
import { storeChecks } from './health-checks.ts';
import { registerPorts } from './ports.ts';
import { refuseLoneEmbedded } from './refuse-lone-embedded.ts';
import type { Service } from './services.ts';
import { openSharedParts } from './shared-parts.ts';
import type { StartNeeds } from './start-needs.ts';
import { startServices } from './start-services.ts';

export interface Tidemark {
  /** Where it listens. */
  readonly url: string;
  /** Makes the first admin; undefined once there has been one. */
  readonly setupToken: string | undefined;
  /** Answers what is under way, keeps what was acknowledged, and resolves when nothing of it runs. */
  stop(): Promise<void>;
}

/**
 * These services in this process. What they need is waited for, until `stopping` aborts.
 * @throws Error when it can't start; what was started until then is stopped again
 */
export const startTidemark = async (
  services: readonly Service[],
  configuration: Configuration,
  log: Log,
  stopping: AbortSignal = new AbortController().signal,
): Promise<Tidemark> => {
  refuseLoneEmbedded(services, configuration);
  const lifecycle = new Lifecycle(log);
  try {
    return await start({ services, configuration, log, lifecycle, stopping });
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
};

const start = async (needs: StartNeeds): Promise<Tidemark> => {
  const { configuration, log, lifecycle, stopping } = needs;
  const container = root.createChildContainer();
  const portChecks = await registerPorts(container, needs);
  const shared = await untilAvailable('the stores', () => openSharedParts(container, needs), log, stopping);
  const parts = await startServices({ ...needs, container, shared });

  const app = createApp({
    routes: parts.routes,
    operations: allOperations,
    jwks: shared.tokens.jwks,
    metrics: shared.metrics,
    checks: [...storeChecks(shared.rawStore, shared.vault), ...portChecks, ...parts.checks],
    web: parts.web,
    allowedOrigins: configuration.ALLOWED_ORIGINS,
    docs: configuration.DOCS,
    health: configuration.OPERATIONS,
    trustedProxies: configuration.TRUSTED_PROXIES,
    log,
  });
  const server = createServer(app);
  answerClientErrors(server);
  const gateway = parts.startGateway?.(server);
  await letAccessEnd(shared, gateway, needs);
  lifecycle.onStop('requests', () => shared.underWay.idle());
  lifecycle.onStop('http', () => drain(server));
  // First: the server counts their connections as its own and would wait for them.
  if (gateway) lifecycle.onStop('sockets', () => gateway.stop());
  const { setupToken } = parts;
  const done = await untilAvailable('the event store', () => isSetUp(shared.store), log, stopping);
  const url = await listen(server, configuration);
  return { url, setupToken: done ? undefined : setupToken, stop: () => lifecycle.stop() };
};

const listen = async (server: Server, { HOST, PORT }: Configuration): Promise<string> => {
  server.listen(PORT, HOST);
  await once(server, 'listening');
  const anywhere = HOST === '0.0.0.0' || HOST === '::';
  const host = anywhere ? 'localhost' : HOST.includes(':') ? `[${HOST}]` : HOST;
  return `http://${host}:${(server.address() as AddressInfo).port}`;
};
