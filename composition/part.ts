import type { Server } from 'node:http';
import type { DependencyContainer } from 'tsyringe';
import type { Route } from '../http/route.ts';
import type { Gateway } from '../query-api/sockets/gateway.ts';
import type { HealthCheck } from '../runtime/health.ts';
import type { SharedParts } from './shared-parts.ts';
import type { StartNeeds } from './start-needs.ts';

/** What a service shows of itself. It stops with the process's lifecycle. */
export interface Part {
  /** The most used first: they are tried in order. */
  readonly routes?: readonly Route[];
  readonly checks: readonly HealthCheck[];
  /** A directory of files for browsers. */
  readonly web?: string | undefined;
  /** Makes the first admin. */
  readonly setupToken?: string;
  /** Lets sockets in on the process's HTTP server. */
  readonly startGateway?: (server: Server) => Gateway;
}

export interface PartNeeds extends StartNeeds {
  readonly container: DependencyContainer;
  readonly shared: SharedParts;
}
