import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { StreamConnection, type Subscriptions } from './stream-connection.ts';
import { serverShutdownEvent } from './stream-events.ts';

/** Unanswered pings that a client is allowed: a minute of Binance's one every 20 s. */
const allowedPings = 3;

interface Requested {
  readonly combined: boolean;
  readonly streams: readonly string[];
}

const names = (list: string) => list.split('/').filter((name) => name !== '');

/** What the address asks for; undefined where there is nothing. */
const requested = (target: string): Requested | undefined => {
  if (!URL.canParse(target, 'ws://simulator')) return undefined;
  const { pathname, searchParams } = new URL(target, 'ws://simulator');
  if (/^\/stream\/?$/.test(pathname)) return { combined: true, streams: names(searchParams.get('streams') ?? '') };
  if (!/^\/ws(\/|$)/.test(pathname)) return undefined;
  return { combined: false, streams: names(pathname.slice('/ws'.length).replaceAll('%40', '@')) };
};

/** Binance's WebSocket streams: `/ws/<stream>/…` raw, `/stream?streams=<stream>/…` wrapped. */
export class StreamServer {
  readonly #sockets: WebSocketServer;
  readonly #connections = new Set<StreamConnection>();
  readonly #subscriptions: Subscriptions;
  readonly #pings: NodeJS.Timeout;
  readonly #name: string;
  #silent = false;

  /** @param name goes out with the upgrade answer as `x-simulator` */
  constructor(subscriptions: Subscriptions, name: string, pingIntervalMs: number) {
    this.#subscriptions = subscriptions;
    this.#name = name;
    this.#sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 1024 * 1024 });
    this.#sockets.on('headers', (headers) => headers.push(`x-simulator: ${name}`));
    this.#pings = setInterval(() => {
      for (const connection of this.#connections) connection.ping(allowedPings * pingIntervalMs);
    }, pingIntervalMs);
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const wanted = requested(request.url ?? '/');
    if (wanted) {
      this.#sockets.handleUpgrade(request, socket, head, (accepted) => this.#accept(accepted, wanted));
      return;
    }
    socket.on('error', () => undefined);
    const answer = `HTTP/1.1 404 Not Found\r\nx-simulator: ${this.#name}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`;
    socket.end(answer, () => socket.destroy());
  }

  announceShutdown(timeMs: number): void {
    const data = serverShutdownEvent(timeMs);
    for (const connection of this.#connections) {
      connection.send(JSON.stringify(connection.combined ? { stream: '!serverShutdown', data } : data));
    }
  }

  /** Of what is connected and what will be; ended for what is connected, too. */
  set silent(silent: boolean) {
    this.#silent = silent;
    for (const connection of this.#connections) connection.silent = silent;
  }

  dropAll(): void {
    for (const connection of this.#connections) connection.drop();
  }

  stop(): void {
    clearInterval(this.#pings);
    this.dropAll();
    this.#sockets.close();
  }

  #accept(socket: WebSocket, { combined, streams }: Requested): void {
    const connection = new StreamConnection(socket, combined, this.#subscriptions);
    connection.silent = this.#silent;
    this.#connections.add(connection);
    socket.once('close', () => this.#connections.delete(connection));
    if (!connection.subscribe(streams)) connection.close('Too many subscriptions');
  }
}
