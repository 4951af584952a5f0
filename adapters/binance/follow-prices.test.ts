import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ExchangeMessage } from '../../contracts/ports/exchange.ts';
import { playback } from '../../exchange-simulator/market/playback.source.ts';
import { type ExchangeSimulator, startExchangeSimulator } from '../../exchange-simulator/start-exchange-simulator.ts';
import { eventually } from '../../test/support/eventually.ts';
import { BinanceExchange, type BinanceOptions } from './binance-exchange.ts';

const klines = 'test/support/klines/BTCUSDT-1m-2024-03-05.csv';
const symbol = 'BTCUSDT';
const backOff = { baseMs: 10, maxMs: 50 };
const open: (() => Promise<unknown>)[] = [];
let simulator: ExchangeSimulator;

/** Follows in the background and keeps what it hears. */
const follow = (options: BinanceOptions = {}, urls: { restUrl: string; webSocketUrl: string } = simulator) => {
  const { restUrl, webSocketUrl } = urls;
  const exchange = new BinanceExchange({ restUrl, webSocketUrl, timeoutMs: 500, backOff, ...options });
  const stop = new AbortController();
  const heard: ExchangeMessage[] = [];
  const listen = async () => {
    for await (const message of exchange.follow([symbol], stop.signal)) heard.push(message);
  };
  const ended = listen();
  open.push(async () => {
    stop.abort();
    await ended;
    exchange.close();
  });
  const count = (type: ExchangeMessage['type']) => heard.filter((message) => message.type === type).length;
  const news = () => heard.map(({ type }) => type).filter((type) => type === 'connected' || type === 'disconnected');
  return { heard, count, news, stop, ended, exchange };
};
beforeEach(async () => {
  // A minute of exchange time in 60 ms.
  simulator = await startExchangeSimulator({ name: 'player', source: playback({ klines, symbol, speed: 1_000 }) });
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()));
  await simulator.stop();
});

it('yields that it is connected, then prices of rising time and closed candles', async () => {
  const { heard, count } = follow();
  await eventually(() => count('candle') >= 3 && count('price') >= 3);
  expect(heard[0]).toEqual({ type: 'connected' });
  const candles = heard.flatMap((message) => (message.type === 'candle' ? [message.kline] : []));
  candles.slice(1).forEach(({ openTimeMs }, index) => {
    expect(openTimeMs).toBe(candles[index]!.openTimeMs + 60_000);
  });
  const times = heard.flatMap((message) => (message.type === 'price' ? [message.price.timeMs] : []));
  expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
});

it('connects again after a drop, and says so', async () => {
  const { count, news } = follow();
  await eventually(() => count('price') > 0);
  simulator.faults.dropSockets();
  await eventually(() => count('connected') === 2);
  const before = count('candle');
  await eventually(() => count('candle') > before);
  expect(news()).toEqual(['connected', 'disconnected', 'connected']);
});

it('connects again though REST is banned', async () => {
  const { count, exchange } = follow();
  await eventually(() => count('price') > 0);
  simulator.faults.answer(418, { retryAfterSeconds: 7_200 });
  const banned = exchange.time(new AbortController().signal);
  await expect(banned).rejects.toMatchObject({ retryAfterSeconds: 7_200 });
  simulator.faults.dropSockets();
  await eventually(() => count('connected') === 2);
});

it('waits, saying it once, while nobody listens', async () => {
  simulator.faults.refuseConnections();
  const { heard, news, count } = follow();
  await eventually(() => count('disconnected') === 1);
  simulator.faults.heal();
  await eventually(() => count('price') > 0);
  expect(news()).toEqual(['disconnected', 'connected']);
  expect(heard[0]).toMatchObject({ reason: expect.stringContaining('away') });
});

it('gives up a connection that has fallen silent', async () => {
  const { count, news } = follow({ idleMs: 200 });
  await eventually(() => count('price') > 0);
  simulator.faults.silence();
  await eventually(() => count('disconnected') > 0);
  simulator.faults.heal();
  const before = count('price');
  await eventually(() => count('price') > before);
  expect(news().slice(0, 3)).toEqual(['connected', 'disconnected', 'connected']);
});

it('keeps a connection for as long as it talks', async () => {
  const { count, news } = follow({ idleMs: 500, quietMs: 500 });
  // 900 ms.
  await eventually(() => count('candle') >= 15);
  expect(news()).toEqual(['connected']);
});

it('replaces a connection whose server is about to go, without a break', async () => {
  const { count, news } = follow();
  await eventually(() => count('price') > 0);
  simulator.faults.announceShutdown();
  await eventually(() => count('connected') === 2);
  const before = count('candle');
  await eventually(() => count('candle') > before);
  expect(news()).toEqual(['connected', 'connected']);
});

it('replaces a connection before it is too old', async () => {
  const { count, news } = follow({ maxAgeMs: 50 });
  await eventually(() => count('connected') >= 3);
  expect(count('disconnected')).toBe(0);
  expect(new Set(news())).toEqual(new Set(['connected']));
});

it('ends when the signal aborts, also while it waits to connect', async () => {
  const live = follow();
  await eventually(() => live.count('price') > 0);
  live.stop.abort();
  await live.ended;
  simulator.faults.refuseConnections();
  const waiting = follow({ backOff: { baseMs: 3_600_000, maxMs: 3_600_000, random: () => 1 } });
  await eventually(() => waiting.count('disconnected') === 1);
  waiting.stop.abort();
  await waiting.ended;
});

it('closes its connection when its reader goes away', async () => {
  const exchange = new BinanceExchange({ ...simulator, backOff });
  for await (const message of exchange.follow([symbol], new AbortController().signal)) {
    if (message.type === 'price') break;
  }
  exchange.close();
});

describe('against a server with a mind of its own', () => {
  const serve = async (names: { rest: string; stream: string }, accept: (socket: WebSocket) => void) => {
    const server = createServer((_, response) => response.setHeader('x-simulator', names.rest).end('{}'));
    const sockets = new WebSocketServer({ server });
    sockets.on('headers', (headers) => headers.push(`x-simulator: ${names.stream}`));
    sockets.on('connection', accept);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    open.push(async () => {
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
      server.closeAllConnections();
      server.close();
    });
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { restUrl: `http://${host}`, webSocketUrl: `ws://${host}` };
  };
  const ticker = (c: unknown) => JSON.stringify({ data: { e: '24hrMiniTicker', E: 1, s: symbol, c } });

  it('refuses a stream that goes by another name than the rest', async () => {
    const urls = await serve({ rest: 'one', stream: 'another' }, (socket) => socket.send(ticker('1.0')));
    const { heard, count } = follow({}, urls);
    await eventually(() => count('disconnected') === 1);
    expect(heard).toEqual([{ type: 'disconnected', reason: expect.stringContaining('another') }]);
  });

  it('asks for the name again once the stream goes by another', async () => {
    const names = { rest: 'one', stream: 'one' };
    const sockets: WebSocket[] = [];
    const urls = await serve(names, (socket) => void sockets.push(socket));
    const { count, exchange } = follow({}, urls);
    await eventually(() => count('connected') === 1);
    names.rest = names.stream = 'two';
    sockets[0]!.terminate();
    await eventually(() => count('connected') === 2);
    expect(await exchange.source(new AbortController().signal)).toBe('two');
  });

  it('waits twice as long after each connection that is dropped at once', async () => {
    const acceptedMs: number[] = [];
    const urls = await serve({ rest: 'one', stream: 'one' }, (socket) => {
      acceptedMs.push(performance.now());
      socket.terminate();
    });
    follow({ backOff: { baseMs: 50, maxMs: 60_000, random: () => 1 } }, urls);
    await eventually(() => acceptedMs.length === 4);
    const waits = acceptedMs.slice(1).map((moment, index) => moment - acceptedMs[index]!);
    // Timers may fire a millisecond early.
    [50, 100, 200].forEach((leastMs, index) => {
      expect(waits[index]).toBeGreaterThan(leastMs - 2);
    });
  });

  it('waits before it asks again a server that takes nobody', async () => {
    const askedMs: number[] = [];
    const server = createServer((_, response) => {
      askedMs.push(performance.now());
      response.writeHead(503).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    open.push(async () => {
      server.closeAllConnections();
      server.close();
    });
    const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const urls = { restUrl: `http://${host}`, webSocketUrl: `ws://${host}` };
    follow({ backOff: { baseMs: 50, maxMs: 60_000, random: () => 1 } }, urls);
    await eventually(() => askedMs.length === 4);
    expect(askedMs[3]! - askedMs[0]!).toBeGreaterThan(50 + 100 + 200 - 6);
  });

  it('passes over what it cannot read, and counts it', async () => {
    const bad = ['no json', 'null', '{"data":{"e":"kline"}}', ticker(1.5), ticker('NaN'), ticker('-1')];
    const urls = await serve({ rest: 'one', stream: 'one' }, (socket) => {
      for (const text of [...bad, ticker('1.50000000')]) socket.send(text);
      socket.send(JSON.stringify({ data: { e: '24hrMiniTicker', E: 1, s: 'OTHER', c: '1' } }));
    });
    const { heard, count, exchange } = follow({}, urls);
    await eventually(() => count('price') === 1);
    expect(heard.at(-1)).toEqual({ type: 'price', price: { symbol, price: '1.50000000', timeMs: 1 } });
    expect(exchange.malformed).toBe(bad.length);
  });

  const pinging = (socket: WebSocket, sent: () => void = () => undefined) => {
    const pings = setInterval(() => {
      socket.ping();
      sent();
    }, 20);
    socket.on('close', () => clearInterval(pings));
  };

  it('keeps a connection that only pings: the market is quiet', async () => {
    let pings = 0;
    const urls = await serve({ rest: 'one', stream: 'one' }, (socket) => pinging(socket, () => pings++));
    const { news } = follow({ idleMs: 500 }, urls);
    // A second.
    await eventually(() => pings >= 50);
    expect(news()).toEqual(['connected']);
  });

  it('gives up a connection that only pings when a candle should have closed long ago', async () => {
    const urls = await serve({ rest: 'one', stream: 'one' }, (socket) => pinging(socket));
    const { heard, count } = follow({ quietMs: 100 }, urls);
    await eventually(() => count('disconnected') > 0);
    expect(heard[1]).toMatchObject({ reason: expect.stringContaining('without a message') });
  });

  it('does not take noise for a sign of life', async () => {
    const urls = await serve({ rest: 'one', stream: 'one' }, (socket) => {
      const noise = setInterval(() => socket.send('noise'), 10);
      socket.on('close', () => clearInterval(noise));
    });
    const { count } = follow({ idleMs: 100 }, urls);
    await eventually(() => count('disconnected') > 0);
  });
});
