import { spawnSync } from 'node:child_process';

const servers = ['EVENTSTORE_URL', 'MONGO_URL', 'KAFKA_BROKERS', 'REDIS_URL'];

const succeeds = (command) => spawnSync('sh', ['-c', command], { stdio: 'ignore' }).status === 0;
let docker;
const hasDocker = () => {
  docker ??= succeeds('docker info');
  return docker;
};
const unset = () => servers.filter((name) => !process.env[name]);

/**
 * What can't be had of that which the tests of the distributed shape need: servers named by the environment, or else
 * real ones in containers where there is Docker; and Caddy, the gateway, named or on the path.
 */
export const missingBackends = () => {
  if (!process.env.CADDY && succeeds('command -v caddy')) process.env.CADDY = 'caddy';
  return [...(unset().length > 0 && !hasDocker() ? unset() : []), ...(process.env.CADDY ? [] : ['CADDY'])];
};

/** Starts the servers that the environment doesn't name, where there is Docker. Answers how to stop them. */
export const provideBackends = async () => {
  if (unset().length === 0 || !hasDocker()) return async () => undefined;
  const { containers } = await import('./backend-containers.js');
  const started = await Promise.all(
    unset().map(async (name) => {
      const { url, stop } = await containers[name]();
      process.env[name] = url;
      return stop;
    }),
  );
  return () => Promise.all(started.map((stop) => stop()));
};
