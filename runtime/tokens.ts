import type { InjectionToken } from 'tsyringe';
import type { Bus } from '../contracts/ports/bus.ts';
import type { Cache } from '../contracts/ports/cache.ts';
import type { EventStore } from '../contracts/ports/event-store.ts';
import type { Exchange } from '../contracts/ports/exchange.ts';
import type { Lease } from '../contracts/ports/lease.ts';
import type { Limiters } from '../contracts/ports/limiter.ts';
import type { Scheduler } from '../contracts/ports/scheduler.ts';
import type { Vault } from '../contracts/ports/vault.ts';
import type { ViewStore } from '../contracts/ports/view-store.ts';
import type { ViewProgress } from './view-progress.ts';

/** Tries for the lease of that name from now on. */
export type Leases = (name: string) => Promise<Lease>;

/** What a shape provides and every service takes. Each is made once, when first asked for. */
export const ports = {
  /** As it is stored: sealed and chained, of any version. */
  eventStore: Symbol('EventStore') as InjectionToken<EventStore>,
  viewStore: Symbol('ViewStore') as InjectionToken<ViewStore>,
  /** Sealed under the master key. */
  vault: Symbol('Vault') as InjectionToken<Vault>,
  bus: Symbol('Bus') as InjectionToken<Bus>,
  cache: Symbol('Cache') as InjectionToken<Cache>,
  scheduler: Symbol('Scheduler') as InjectionToken<Scheduler>,
  limiters: Symbol('Limiters') as InjectionToken<Limiters>,
  exchange: Symbol('Exchange') as InjectionToken<Exchange>,
  leases: Symbol('Leases') as InjectionToken<Leases>,
  /** Of the views, as far as this process knows. */
  progress: Symbol('ViewProgress') as InjectionToken<ViewProgress>,
} as const;
