/** The variables that name the servers of the distributed shape; `test/support/backend-servers.js` sets what it can. */
export type Backend = 'EVENTSTORE_URL' | 'MONGO_URL' | 'KAFKA_BROKERS' | 'REDIS_URL' | 'CADDY';

const advice = 'name one in this variable, or have Docker running';

/**
 * Declares tests that need these servers. Where one is missing they are skipped, and the end of the run says so;
 * `REQUIRE_BACKENDS=1` makes that a failure.
 */
export const withBackends = <Name extends Backend>(
  names: readonly Name[],
  body: (servers: Readonly<Record<Name, string>>) => void,
): void => {
  const missing = names.filter((name) => !process.env[name]);
  if (missing.length === 0) {
    body(Object.fromEntries(names.map((name) => [name, process.env[name]])) as Record<Name, string>);
    return;
  }
  const need = `needs ${missing.join(', ')}: ${advice}`;
  if (process.env.REQUIRE_BACKENDS === '1') {
    it(need, () => {
      throw new Error(`${need} (REQUIRE_BACKENDS=1)`);
    });
  } else it.skip(need, () => undefined);
};

/** The same for one server. */
export const withBackend = (name: Backend, body: (server: string) => void): void =>
  withBackends([name], (servers) => body(servers[name]));
