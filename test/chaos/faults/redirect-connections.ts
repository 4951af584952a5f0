import { Socket } from 'node:net';

/**
 * Loaded before a service (`node --import`), sends its TCP connections to one port to another one of this machine:
 * `REDIRECT=<from>:<to>`. A Kafka broker tells its clients where it is, so no address of ours puts a proxy before it.
 */
const [from, to] = (process.env.REDIRECT ?? '').split(':').map(Number);

interface Target {
  readonly host?: string;
  readonly port?: number | string | undefined;
}
const redirected = (options: Target): Target =>
  Number(options?.port) === from ? { ...options, host: '127.0.0.1', port: to } : options;

const connect = Socket.prototype.connect as (this: Socket, ...args: unknown[]) => Socket;
Socket.prototype.connect = function (this: Socket, ...[first, ...rest]: unknown[]) {
  // `net.connect` gives all it was given in one marked array, which must stay the same one.
  if (Array.isArray(first)) first[0] = redirected(first[0]);
  return connect.call(this, Array.isArray(first) ? first : redirected(first as Target), ...rest);
} as typeof Socket.prototype.connect;
