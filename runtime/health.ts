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

/** Asks every dependency. The whole is as bad as the worst; who is degraded still serves. */
export const readiness = async (checks: readonly HealthCheck[]): Promise<Readiness> => {
  const results = await Promise.all(
    checks.map(async ({ name, check }) => {
      try {
        return { name, ...(await check()) };
      } catch {
        return { name, state: 'failed' as const, detail: 'does not answer' };
      }
    }),
  );
  const worst = results.reduce<HealthState>(
    (state, one) => (severity[one.state] > severity[state] ? one.state : state),
    'ok',
  );
  return { state: worst, checks: results };
};
