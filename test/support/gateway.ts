import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface GatewayOptions {
  /** The path of its program. */
  readonly caddy: string;
  /** Where the instances of each service listen, e.g. `http://127.0.0.1:3000`. */
  readonly commandApis: readonly string[];
  readonly queryApis: readonly string[];
}

/** The gateway of the distributed shape, as `deploy/gateway` sets it up, before these instances. */
export const startGateway = ({ caddy, commandApis, queryApis }: GatewayOptions) =>
  startGatewayWith(caddy, {
    'command-api': upstreams('command-api').replace(/^to .*$/m, fixed(commandApis)),
    'query-api': upstreams('query-api').replace(/^dynamic a [^}]*\}$/m, fixed(queryApis)),
  });

/** How the gateway finds and connects to the instances of a service. */
export const upstreams = (service: 'command-api' | 'query-api') =>
  readFileSync(`deploy/gateway/upstreams/${service}.caddy`, 'utf8');

/** The gateway remembers for a moment which of them took no connection. */
const fixed = (urls: readonly string[]) => `to ${urls.map((url) => new URL(url).host).join(' ')}\nfail_duration 1s`;

/**
 * The same, with other text in `upstreams/<service>.caddy`.
 * @throws Error with what it printed, when it doesn't start
 */
export const startGatewayWith = async (
  caddy: string,
  services: Readonly<Record<'command-api' | 'query-api', string>>,
) => {
  const directory = temporaryDirectory();
  for (const [service, text] of Object.entries(services)) writeFileSync(join(directory.path, `${service}.caddy`), text);
  mkdirSync(join(directory.path, 'home'));
  const [port, healthPort] = await Promise.all([freePort(), freePort()]);
  const child = spawn(caddy, ['run', '--config', resolve('deploy/gateway/Caddyfile'), '--adapter', 'caddyfile'], {
    env: {
      PATH: process.env.PATH,
      // It keeps files of its own there.
      HOME: join(directory.path, 'home'),
      BIND: '127.0.0.1',
      SITE_ADDRESS: `:${port}`,
      HEALTH_PORT: String(healthPort),
      UPSTREAMS: directory.path,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let logged = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    logged += text;
  });
  let end: string | undefined;
  const ended = once(child, 'close').then(
    ([code]) => {
      end = `it ended with ${code}: ${logged}`;
    },
    (error: Error) => {
      end = error.message;
    },
  );
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    directory.remove();
  };
  await eventually(async () => end !== undefined || (await accepts(port))).catch(() => undefined);
  if (end !== undefined || !(await accepts(port))) {
    await stop();
    throw new Error(`The gateway does not start: ${end ?? logged}`);
  }
  return {
    url: `http://127.0.0.1:${port}`,
    healthUrl: `http://127.0.0.1:${healthPort}`,
    /** What it has logged, all of it. */
    logged: () => logged,
    stop,
  };
};
export type RunningGateway = Awaited<ReturnType<typeof startGateway>>;

const accepts = (port: number): Promise<boolean> =>
  new Promise((settle) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      settle(true);
    });
    socket.on('error', () => settle(false));
  });
