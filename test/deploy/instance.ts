import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { drain } from '../../http/drain.ts';

export interface Heard {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface InstanceOptions {
  readonly host?: string;
  readonly port?: number;
  /** Answers instead of the echo. */
  readonly respond?: (request: Heard, response: ServerResponse) => unknown;
}

/** Stands for one instance of a service: remembers what it hears, and answers with it and its own name. */
export const startInstance = async (name: string, { host = '127.0.0.1', port = 0, respond }: InstanceOptions = {}) => {
  const heard: Heard[] = [];
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request;
    const one = { method, url, headers, body: await text(request) };
    heard.push(one);
    if (respond) await respond(one, response);
    else echo(name, one, response);
  });
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    name,
    heard,
    server,
    host,
    port: address.port,
    url: `http://${host}:${address.port}`,
    /** As the services stop: no more connections, what is under way is finished. */
    stop: () => drain(server),
    /** As a killed process: all connections are cut. */
    kill: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
};
export type Instance = Awaited<ReturnType<typeof startInstance>>;

const echo = (name: string, { method, url, body }: Heard, response: ServerResponse): void => {
  response
    .writeHead(method === 'POST' ? 201 : 200, {
      'content-type': 'application/json; charset=utf-8',
      etag: '"7"',
      'consistency-token': 'store:42',
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
    })
    .end(JSON.stringify({ name, method, url, body }));
};
