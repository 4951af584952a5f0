import { setTimeout as pause } from 'node:timers/promises';

export type HealthState = 'ok' | 'degraded' | 'failed';

export interface Health {
  readonly state: HealthState;
  /** What is wrong, in a few words. */
  readonly detail?: string | undefined;
}

export interface HealthCheck {
  readonly name: string;
  readonly check: () => Health | Promise<Health>;
}

export interface Readiness extends Health {
  readonly checks: readonly (Health & { readonly name: string })[];
}

const severity: Readonly<Record<HealthState, number>> = { ok: 0, degraded: 1, failed: 2 };

/** Who probes has a deadline of their own, often a few seconds. */
const longestMs = 2_000;

const silent: Health = { state: 'failed', detail: 'does not answer' };

/** What the check says; that it failed when it rejects or takes too long. */
const ask = async (check: HealthCheck['check'], withinMs: number): Promise<Health> => {
  const stop = new AbortController();
  const tooLong = pause(withinMs, silent, { signal: stop.signal }).catch(() => silent);
  try {
    return await Promise.race([check(), tooLong]);
  } catch {
    return silent;
  } finally {
    stop.abort();
  }
};

/** Asks every dependency, all at once. The whole is as bad as the worst; who is degraded still serves. */
export const readiness = async (checks: readonly HealthCheck[], withinMs: number = longestMs): Promise<Readiness> => {
  const results = await Promise.all(checks.map(async ({ name, check }) => ({ name, ...(await ask(check, withinMs)) })));
  const worst = results.reduce<HealthState>(
    (state, one) => (severity[one.state] > severity[state] ? one.state : state),
    'ok',
  );
  return { state: worst, checks: results };
};
