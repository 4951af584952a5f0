import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { playback } from '../../exchange-simulator/market/playback.source.ts';
import { walk } from '../../exchange-simulator/market/walk.source.ts';
import { type ExchangeSimulator, startExchangeSimulator } from '../../exchange-simulator/start-exchange-simulator.ts';
import { collect } from '../../test/support/collect.ts';
import { eventually } from '../../test/support/eventually.ts';
import { BinanceExchange, type BinanceOptions } from './binance-exchange.ts';

const { signal } = new AbortController();
const away = { code: 'exchange-unavailable' };
const patient = { failures: 1_000 };
const exchanges: BinanceExchange[] = [];
let simulator: ExchangeSimulator;

const open = (options: BinanceOptions = {}, { restUrl } = simulator) => {
  const exchange = new BinanceExchange({ restUrl, timeoutMs: 5_000, limits: patient, ...options });
  exchanges.push(exchange);
  return exchange;
};
beforeEach(async () => {
  const symbols = [
    { symbol: 'BTCUSDT', startPrice: '68000.00' },
    { symbol: 'ETHUSDT', startPrice: '3500.00' },
  ];
  simulator = await startExchangeSimulator({
    name: 'walk.1',
    source: walk({ seed: 1, symbols, historyMinutes: 3 }),
  });
});
afterEach(async () => {
  for (const exchange of exchanges.splice(0)) exchange.close();
  await simulator.stop();
});

it('asks the other side for its name', async () => {
  expect(await open().source(signal)).toBe('walk.1');
});

it('gives prices in the order asked for, stamped with the exchange’s clock', async () => {
  const exchange = open();
  const before = simulator.now();
  const prices = await exchange.prices(['ETHUSDT', 'BTCUSDT'], signal);
  expect(prices.map(({ symbol }) => symbol)).toEqual(['ETHUSDT', 'BTCUSDT']);
  for (const { price, timeMs } of prices) {
    expect(price).toMatch(/^\d+\.\d+$/);
    expect(timeMs).toBeGreaterThanOrEqual(before);
    expect(timeMs).toBeLessThanOrEqual(simulator.now());
  }
});

it('gives candles over as many pages as it takes, with both ends as asked for', async () => {
  const klines = 'test/support/klines/BTCUSDT-1m-2024-03-05.csv';
  const day = await startExchangeSimulator({ source: playback({ klines, symbol: 'BTCUSDT', speed: 1e9 }) });
  try {
    const from = Date.UTC(2024, 2, 5, 0, 5);
    const to = Date.UTC(2024, 2, 5, 23, 50);
    const seen = await collect(open({}, day).klines('BTCUSDT', from, to, signal));
    const minutes = Array.from({ length: (to - from) / 60_000 }, (_, index) => from + index * 60_000);
    expect(seen.map(({ openTimeMs }) => openTimeMs)).toEqual(minutes);
  } finally {
    await day.stop();
  }
});

it('gives closed candles only', async () => {
  const klines = await collect(open().klines('BTCUSDT', 0, simulator.now() + 60_000, signal));
  expect(klines.length).toBeGreaterThan(1);
  for (const { openTimeMs } of klines) expect(openTimeMs + 60_000).toBeLessThanOrEqual(simulator.now());
});

it('knows a symbol that is not traded from an exchange that is away', async () => {
  await expect(open().prices(['NOPE'], signal)).rejects.toMatchObject({ code: 'unknown-symbol' });
  await expect(collect(open().klines('NOPE', 0, 60_000, signal))).rejects.toMatchObject({ code: 'unknown-symbol' });
});

it.each([429, 418])('stays away for as long as a %i says, without asking again', async (status) => {
  const exchange = open();
  simulator.faults.answer(status, { retryAfterSeconds: 1 });
  await expect(exchange.time(signal)).rejects.toMatchObject({ ...away, retryAfterSeconds: 1 });
  simulator.faults.heal();
  await expect(exchange.time(signal)).rejects.toMatchObject({ ...away, retryAfterSeconds: 1 });
  expect(await eventually(() => exchange.time(signal))).toBeGreaterThan(0);
});

it.each([451, 403, 500, 503])('takes a %i for an exchange that is away, and asks again at once', async (status) => {
  const exchange = open();
  simulator.faults.answer(status);
  await expect(exchange.time(signal)).rejects.toMatchObject({ ...away, retryAfterSeconds: undefined });
  simulator.faults.heal();
  expect(await exchange.time(signal)).toBeGreaterThan(0);
});

it('does not wait for an exchange that hangs', async () => {
  const exchange = open({ timeoutMs: 50 });
  simulator.faults.hang();
  await expect(exchange.time(signal)).rejects.toMatchObject(away);
});

it('ends a request whose caller gives up', async () => {
  const exchange = open();
  simulator.faults.hang();
  const stop = new AbortController();
  const asked = exchange.time(stop.signal);
  stop.abort();
  await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
});

it('does not take half an answer', async () => {
  const exchange = open();
  simulator.faults.truncate();
  await expect(exchange.prices(['BTCUSDT'], signal)).rejects.toMatchObject(away);
});

it('is told when nobody listens', async () => {
  const exchange = open();
  simulator.faults.refuseConnections();
  await expect(exchange.time(signal)).rejects.toMatchObject(away);
});

it('stops asking after failures in a row', async () => {
  const exchange = open({ limits: { failures: 2, pauseMs: 60_000, maxPauseMs: 60_000 } });
  simulator.faults.answer(500);
  for (const _ of [1, 2]) await expect(exchange.time(signal)).rejects.toMatchObject(away);
  simulator.faults.heal();
  await expect(exchange.time(signal)).rejects.toMatchObject({ ...away, retryAfterSeconds: 60 });
});

it('keeps below the weight that the exchange counts', async () => {
  const other = open();
  for (let request = 0; request < 10; request++) await other.time(signal);
  const exchange = open({ limits: { weightPerMinute: 10 } });
  await exchange.time(signal);
  await expect(exchange.time(signal)).rejects.toMatchObject(away);
});

describe('an answer of another form', () => {
  const answering = async (listener: RequestListener, ask: (exchange: BinanceExchange) => Promise<unknown>) => {
    const server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const exchange = new BinanceExchange({ restUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    try {
      return await ask(exchange);
    } finally {
      exchange.close();
      server.closeAllConnections();
      server.close();
    }
  };
  it.each(['no JSON', '{}', '{"serverTime":"soon"}', '[]', '{"serverTime":-1}'])(
    'is an exchange that is away: %s',
    async (body) => {
      const time = answering(
        (_, response) => response.end(body),
        (exchange) => exchange.time(signal),
      );
      await expect(time).rejects.toMatchObject(away);
    },
  );

  it('is one that is too long', async () => {
    const endless = answering(
      (_, response) => response.end('['.padEnd(5 * 1024 * 1024)),
      (exchange) => exchange.time(signal),
    );
    await expect(endless).rejects.toMatchObject(away);
  });

  it('is one under another name than before; the name is asked for again', async () => {
    let name = 'first';
    await answering(
      (_, response) => response.setHeader('x-simulator', name).end('{"serverTime":1}'),
      async (exchange) => {
        expect(await exchange.source(signal)).toBe('first');
        name = 'second';
        await expect(exchange.time(signal)).rejects.toMatchObject(away);
        expect(await exchange.source(signal)).toBe('second');
        expect(await exchange.time(signal)).toBe(1);
      },
    );
  });

  it('is binance when it does not call itself a simulator', async () => {
    await answering(
      (_, response) => response.end('{}'),
      async (exchange) => expect(await exchange.source(signal)).toBe('binance'),
    );
  });
});
