import type { EventStore } from '../contracts/ports/event-store.ts';
import type { Lease } from '../contracts/ports/lease.ts';
import type { Limiters } from '../contracts/ports/limiter.ts';
import type { Log } from '../contracts/ports/log.ts';
import type { Scheduler } from '../contracts/ports/scheduler.ts';
import type { Vault } from '../contracts/ports/vault.ts';
import type { AccessTokens } from '../http/access-tokens.ts';
import type { Endpoint, Route } from '../http/route.ts';
import type { AdminRoster } from '../runtime/admins.ts';
import type { Passwords } from '../runtime/passwords.ts';
import type { PersonalData } from '../runtime/personal-data.ts';
import { adminRoutes } from './admins/admin.routes.ts';
import { runPolicy } from './run-policy.ts';
import { Credentials } from './sessions/credentials.ts';
import { sessionRoutes } from './sessions/session.routes.ts';
import type { Sessions } from './sessions/sessions.ts';
import { type SignInLimitOptions, SignInLimits } from './sessions/sign-in-limits.ts';
import { setupRoutes } from './setup/setup.routes.ts';
import { sweepRegistrations } from './users/sweep-registrations.ts';
import { userRoutes } from './users/user.routes.ts';
import { userAftermath } from './users/user-aftermath.policy.ts';

export interface CommandApiNeeds {
  /** Opens personal fields, and seals and chains what is appended. */
  readonly store: EventStore;
  readonly vault: Vault;
  readonly personalData: PersonalData;
  readonly passwords: Passwords;
  readonly sessions: Sessions;
  readonly tokens: AccessTokens;
  readonly admins: AdminRoster;
  readonly addressKeyOf: (email: string) => string;
  readonly setupToken: string;
  /** Makes the ids of the first admin, and names client addresses in the limits. */
  readonly secret: Uint8Array;
  readonly limits: SignInLimitOptions;
  readonly limiters: Limiters;
  readonly scheduler: Scheduler;
  /** Only its holder's policy acts. */
  readonly lease: Lease;
  readonly log: Log;
}

export interface CommandApi {
  readonly routes: readonly Route[];
  /** Ends the policy and the sweeper. */
  stop(): Promise<void>;
}

const sweepIntervalMs = 60_000;
/** As long as the end of a session may stay unheard of when the event store was away. */
const endingIntervalMs = 15_000;

/** All use cases that change something, and what runs behind them. */
export const startCommandApi = (given: CommandApiNeeds, endpoint: Endpoint): CommandApi => {
  const needs = { ...given, credentials: new Credentials(given.vault), limits: new SignInLimits(given.limits, given) };
  const stopping = new AbortController();
  const { vault, lease, log, store, scheduler } = needs;
  const policy = runPolicy({ policy: userAftermath(needs), events: store, vault, lease, log, signal: stopping.signal });
  const sweepers = [
    scheduler.every('sweep-registrations', sweepIntervalMs, async (signal) => {
      await sweepRegistrations(needs, undefined, signal);
    }),
    scheduler.every('finish-endings', endingIntervalMs, (signal) => needs.sessions.finishEndings(undefined, signal)),
    scheduler.every('sweep-vault', sweepIntervalMs, async () => {
      await vault.sweep();
    }),
  ];

  return {
    routes: [
      ...userRoutes(needs, endpoint),
      ...sessionRoutes(needs, endpoint),
      ...adminRoutes(needs, endpoint),
      ...setupRoutes(needs, endpoint),
    ],
    stop: async () => {
      stopping.abort();
      await Promise.all([policy, ...sweepers.map((sweeper) => sweeper.stop())]);
    },
  };
};
