import { once } from 'node:events';
import WebSocket from 'ws';

export interface OpenStream {
  readonly socket: WebSocket;
  /** Everything that came, parsed, in order. */
  readonly messages: readonly Record<string, unknown>[];
  /** Of the answer to the upgrade. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Set once it is closed. */
  readonly closed: { readonly code: number; readonly reason: string } | undefined;
}

/** Opens a WebSocket and collects what it says. @throws when it is refused */
export const openStream = async (url: string, options: WebSocket.ClientOptions = {}): Promise<OpenStream> => {
  const socket = new WebSocket(url, options);
  const messages: Record<string, unknown>[] = [];
  let headers: OpenStream['headers'] = {};
  let closed: OpenStream['closed'];
  socket.on('message', (data) => messages.push(JSON.parse(String(data))));
  socket.once('upgrade', (answer) => {
    headers = answer.headers;
  });
  socket.once('close', (code, reason) => {
    closed = { code, reason: reason.toString() };
  });
  await once(socket, 'open');
  socket.on('error', () => undefined);
  return {
    socket,
    messages,
    get headers() {
      return headers;
    },
    get closed() {
      return closed;
    },
  };
};
