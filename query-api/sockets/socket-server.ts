import { setTimeout as sleep } from 'node:timers/promises';
import { Server } from 'socket.io';
import type { SocketServer } from './connected-socket.ts';
import { originAllowed } from './handshake.ts';

/** Clients have nothing to send but their handshake. */
const largestMessageBytes = 10_000;
/** For a peer that doesn't answer the closing handshake. */
const cutAfterMs = 500;

/** Lets browsers in from these origins and from our own host. */
export const createSocketServer = (allowedOrigins: readonly string[], closing: AbortSignal): SocketServer =>
  new Server({
    serveClient: true,
    maxHttpBufferSize: largestMessageBytes,
    connectTimeout: 10_000,
    cors: { origin: [...allowedOrigins] },
    allowRequest: ({ headers: { origin, host } }, allow) =>
      allow(null, !closing.aborted && originAllowed(origin, host, allowedOrigins)),
  });

/** What of engine.io's transports its types keep to themselves: the WebSocket. */
interface WebSocket {
  readonly readyState: number;
  terminate?(): void;
}
interface Engine {
  readonly clients: Readonly<Record<string, { readonly transport: { readonly socket?: WebSocket } }>>;
}

/** Cuts all connections, so that clients look for another process. The HTTP server stays. */
export const cutAll = async (server: SocketServer): Promise<void> => {
  const { clients } = server.engine as unknown as Engine;
  const webSockets = Object.values(clients).flatMap(({ transport: { socket } }) => (socket?.terminate ? [socket] : []));
  server.engine.close();
  for (let waited = 0; waited < cutAfterMs && webSockets.some(isOpen); waited += 10) await sleep(10);
  for (const socket of webSockets) socket.terminate?.();
};

const isOpen = ({ readyState }: WebSocket) => readyState !== 3;
