import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import type { Answer } from './standalone.ts';

export interface RawRequest {
  readonly method?: string;
  /** Goes over the wire as it is. */
  readonly path: string;
  /** Names and values in turn, so that a name may come twice. */
  readonly headers?: readonly string[];
  readonly body?: string | Buffer;
}

/** Sends what `fetch` would refuse or tidy up. */
export const rawRequest = async (
  url: string,
  { method = 'GET', path, headers = [], body }: RawRequest,
): Promise<Answer> => {
  const { hostname, port, host } = new URL(url);
  const length = body === undefined ? [] : ['content-length', String(Buffer.byteLength(body))];
  const sent = request({ hostname, port, method, path, agent: false, headers: ['host', host, ...length, ...headers] });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  const answered = new Headers(
    Object.entries(response.headers).map(([name, value]) => [name, String(value)] as [string, string]),
  );
  const isJson = /json/.test(answered.get('content-type') ?? '');
  return { status: response.statusCode!, headers: answered, body: isJson && text ? JSON.parse(text) : text };
};

/** Writes these bytes to a connection, and gives everything that comes back until it is closed. */
export const rawBytes = async (url: string, bytes: string): Promise<string> => {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).setEncoding('latin1');
  let received = '';
  socket.on('data', (chunk: string) => {
    received += chunk;
  });
  socket.on('error', () => {});
  socket.write(bytes);
  await once(socket, 'close');
  return received;
};
