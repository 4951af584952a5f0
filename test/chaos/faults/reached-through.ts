import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts';
import type { Backend } from './backends-control.ts';

const variables: Readonly<Record<Exclude<Backend, 'kafka'>, string>> = {
  eventstoredb: 'EVENTSTORE_URL',
  mongo: 'MONGO_URL',
  redis: 'REDIS_URL',
};

/**
 * A network before this backend, and the variables that make an installation use it. Where the backend is several
 * servers, before the first one only.
 */
export const reachedThrough = async (
  backend: Backend,
): Promise<{ readonly network: TcpProxy; readonly environment: Readonly<Record<string, string>> }> => {
  if (backend === 'kafka') {
    const [target = ''] = process.env.KAFKA_BROKERS!.split(',');
    const network = await startTcpProxy({ target });
    const preload = fileURLToPath(new URL('./redirect-connections.js', import.meta.url));
    const environment = { NODE_OPTIONS: `--import ${preload}`, REDIRECT: `${target.split(':')[1]}:${network.port}` };
    return { network, environment };
  }
  const variable = variables[backend];
  const url = new URL(process.env[variable]!);
  const network = await startTcpProxy({ target: url.host });
  const text = String(url).replace(url.host, network.address);
  if (backend !== 'mongo') return { network, environment: { [variable]: text } };
  const through = new URL(text);
  through.pathname = `/faults-${randomUUID().slice(0, 18)}`;
  return { network, environment: { [variable]: String(through) } };
};
