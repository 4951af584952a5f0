import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Faults } from './faults.ts';
import { Market } from './market/market.ts';
import type { MarketSource } from './market/market-source.ts';
import { RequestWeight } from './rest/request-weight.ts';
import { RestApi } from './rest/rest-api.ts';
import { StreamHub } from './streams/stream-hub.ts';
import { StreamServer } from './streams/stream-server.ts';

export interface ExchangeSimulatorOptions {
  /** `walk({…})` or `playback({…})`. */
  readonly source: MarketSource;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** What it calls itself in `x-simulator`: lower case letters, digits and dots. Default `simulator`. */
  readonly name?: string;
  /** Between the server's pings, in real time. Default 20 s; a client that answers none for three of them is closed. */
  readonly pingIntervalMs?: number;
  /** Request weight a minute. Default 6000. */
  readonly weightLimit?: number;
}

export interface ExchangeSimulator {
  /** Without a slash at the end: `<restUrl>/api/v3/…`. */
  readonly restUrl: string;
  /** Without a path: `<webSocketUrl>/ws/<stream>` or `<webSocketUrl>/stream?streams=<stream>/<stream>`. */
  readonly webSocketUrl: string;
  readonly name: string;
  readonly faults: Faults;
  /** Exchange time, Unix milliseconds. */
  now(): number;
  /** Lets a playback that waits for it begin; nothing otherwise. */
  play(): void;
  /** Cuts every connection, and is done when nothing of it runs any more. */
  stop(): Promise<void>;
}

/** How late an event may be in real time. */
const paceMs = 20;

/**
 * Binance's public spot market data, REST and WebSocket on one port, from a source of invented or played trades.
 * @throws RangeError for a bad name; the system's error when the port is taken
 */
export const startExchangeSimulator = async (options: ExchangeSimulatorOptions): Promise<ExchangeSimulator> => {
  const {
    source,
    port = 0,
    host = '127.0.0.1',
    name = 'simulator',
    pingIntervalMs = 20_000,
    weightLimit = 6000,
  } = options;
  if (!/^[a-z0-9.]+$/.test(name)) throw new RangeError('the name must be lower case letters, digits and dots');

  const market = new Market(source);
  const hub = new StreamHub(market);
  // The past before the start; nobody is there to hear it.
  market.catchUp();
  const catchUp = () => market.catchUp(hub);
  const rest = new RestApi(market, new RequestWeight(weightLimit), catchUp);
  const server = createServer((request, response) => {
    response.setHeader('x-simulator', name);
    rest.handle(request, response);
  });
  server.listen(port, host);
  await once(server, 'listening');

  const streams = new StreamServer(hub, name, pingIntervalMs);
  const faults = new Faults(rest, streams, () => market.now());
  server.on('upgrade', (request, socket, head) => streams.upgrade(request, socket, head));
  server.on('connection', (socket) => {
    if (faults.refusing) socket.resetAndDestroy();
  });
  const pace = setInterval(catchUp, paceMs);
  const address = `${host}:${(server.address() as AddressInfo).port}`;

  const stop = async () => {
    clearInterval(pace);
    streams.stop();
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  let stopped: Promise<void> | undefined;

  return {
    restUrl: `http://${address}`,
    webSocketUrl: `ws://${address}`,
    name,
    faults,
    now: () => market.now(),
    play: () => source.play(),
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
};
