import { MainClient, WebsocketClient } from 'binance';
import { eventually } from '../test/support/eventually.ts';
import { walk } from './market/walk.source.ts';
import { type ExchangeSimulator, startExchangeSimulator } from './start-exchange-simulator.ts';

const silent = { trace: () => undefined, info: () => undefined, error: () => undefined };

describe('the public client of npm, which knows of no simulator', () => {
  let simulator: ExchangeSimulator;
  beforeAll(async () => {
    const symbols = ['BTCUSDT', 'ETHUSDT'].map((symbol) => ({ symbol, startPrice: '3150.20' }));
    const begunAt = Date.now();
    const clock = () => begunAt + (Date.now() - begunAt) * 60;
    simulator = await startExchangeSimulator({ source: walk({ seed: 3, symbols, clock }) });
  });
  afterAll(() => simulator.stop());

  it('reads ping, time, symbols, prices and klines', async () => {
    const client = new MainClient({ baseUrl: simulator.restUrl });
    expect(await client.testConnectivity()).toEqual({});
    // Its getServerTime() goes to the public host whatever baseUrl says.
    const { serverTime } = (await client.get('api/v3/time')) as { serverTime: number };
    expect(Math.abs(serverTime - simulator.now())).toBeLessThan(60_000 * 60);
    const info = await client.getExchangeInfo({ symbols: ['ETHUSDT'] });
    expect(info.symbols.map(({ symbol, status }) => [symbol, status])).toEqual([['ETHUSDT', 'TRADING']]);
    expect(await client.getSymbolPriceTicker()).toHaveLength(2);
    expect(await client.getSymbolPriceTicker({ symbol: 'BTCUSDT' })).toEqual({
      symbol: 'BTCUSDT',
      price: expect.any(String),
    });
    const klines = await client.getKlines({ symbol: 'BTCUSDT', interval: '1m', limit: 1000 });
    expect(klines).toHaveLength(1000);
    expect(klines.every((kline) => kline.length === 12)).toBe(true);
    expect(client.getRateLimitStates()).toMatchObject({ 'x-mbx-used-weight-1m': expect.any(Number) });
  });

  it('reads the error of an unknown symbol', async () => {
    const client = new MainClient({ baseUrl: simulator.restUrl });
    await expect(client.getKlines({ symbol: 'NOPE', interval: '1m' })).rejects.toMatchObject({ code: -1121 });
  });

  it('follows trades, klines and tickers', async () => {
    const client = new WebsocketClient({ wsUrl: simulator.webSocketUrl, beautify: true }, silent);
    const kinds = new Set<string>();
    client.on('formattedMessage', (message) => {
      if (!Array.isArray(message)) kinds.add(message.eventType);
    });
    try {
      await client.subscribe(['btcusdt@trade', 'btcusdt@kline_1m', 'ethusdt@miniTicker'], 'main');
      await eventually(() => kinds.size === 3);
      expect([...kinds].sort()).toEqual(['24hrMiniTicker', 'kline', 'trade']);
    } finally {
      client.closeAll(true);
    }
  });
});
