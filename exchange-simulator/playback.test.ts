import { readFileSync } from 'node:fs';
import { Decimal } from 'decimal.js';
import { eventually } from '../test/support/eventually.ts';
import { openStream } from '../test/support/open-stream.ts';
import { playback } from './market/playback.source.ts';
import { type ExchangeSimulator, startExchangeSimulator } from './start-exchange-simulator.ts';

const file = new URL('../test/support/klines/BTCUSDT-1m-2024-03-05.csv', import.meta.url).pathname;
const [, ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
/** Open time and o, h, l, c, v with eight places. */
const rows = lines.map((line) => {
  const [openTimeMs, ...numbers] = line.split(',');
  return [Number(openTimeMs), ...numbers.map((number) => new Decimal(number).toFixed(8))];
});

interface TradeMessage {
  readonly t: number;
  readonly p: string;
  readonly q: string;
  readonly T: number;
}

type StreamedEvent = { readonly E: number } & (
  | { readonly e: 'trade'; readonly p: string }
  | { readonly e: '24hrMiniTicker'; readonly c: string }
  | { readonly e: 'kline'; readonly k: { readonly c: string; readonly t: number; readonly x: boolean } }
);

const fold = (trades: readonly TradeMessage[]) => {
  const candles = new Map<number, TradeMessage[]>();
  for (const trade of trades) {
    const openTimeMs = trade.T - (trade.T % 60_000);
    candles.set(openTimeMs, [...(candles.get(openTimeMs) ?? []), trade]);
  }
  return [...candles].map(([openTimeMs, own]) => {
    const prices = own.map(({ p }) => new Decimal(p));
    const volume = own.reduce((sum, { q }) => sum.plus(q), new Decimal(0));
    const values = [prices[0]!, Decimal.max(...prices), Decimal.min(...prices), prices.at(-1)!, volume];
    return [openTimeMs, ...values.map((value) => value.toFixed(8))];
  });
};

const fromKline = ({ t, o, h, l, c, v }: Record<string, unknown>) => [t, o, h, l, c, v];

describe('a day that is played', () => {
  let simulator: ExchangeSimulator;
  const get = async (path: string) => (await fetch(`${simulator.restUrl}${path}`)).json();

  beforeEach(async () => {
    simulator = await startExchangeSimulator({
      source: playback({ klines: file, symbol: 'BTCUSDT', speed: 60_000, waitForPlay: true }),
    });
  });
  afterEach(() => simulator.stop());

  it('waits for play, and then is the file row by row: trades, klines live and klines over REST', async () => {
    const trades = await openStream(`${simulator.webSocketUrl}/ws/btcusdt@trade`);
    const klines = await openStream(`${simulator.webSocketUrl}/stream?streams=btcusdt@kline_1m/btcusdt@miniTicker`);
    expect(await get('/api/v3/klines?symbol=BTCUSDT&interval=1m')).toEqual([]);
    expect(await get('/api/v3/time')).toEqual({ serverTime: rows[0]![0] });
    expect(await get('/api/v3/ticker/price?symbol=BTCUSDT')).toEqual({ symbol: 'BTCUSDT', price: rows[0]![1] });

    simulator.play();
    const kline = (message: Record<string, unknown>) =>
      (message as { data: { e: string; k: Record<string, unknown> } }).data;
    const closed = () => klines.messages.map(kline).filter(({ e, k }) => e === 'kline' && k.x);
    await eventually(() => closed().length >= rows.length && trades.messages.length >= rows.length * 4);

    expect(fold(trades.messages as unknown as TradeMessage[])).toEqual(rows);
    expect(trades.messages.map(({ t }) => t)).toEqual(Array.from({ length: rows.length * 4 }, (_, id) => id + 1));
    expect(closed().map(({ k }) => fromKline(k))).toEqual(rows);

    const pages = [];
    for (const startTime of [rows[0]![0], rows[1000]![0]]) {
      pages.push(...(await get(`/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1000&startTime=${startTime}`)));
    }
    expect(pages.map((row) => row.slice(0, 6))).toEqual(rows);
  });

  it('updates the open kline in between, and its tickers are the last trades', async () => {
    const { messages } = await openStream(
      `${simulator.webSocketUrl}/stream?streams=btcusdt@trade/btcusdt@kline_1m/btcusdt@miniTicker`,
    );
    simulator.play();
    await eventually(() => messages.length > 3000);
    let lastPrice: string | undefined;
    let openTime: number | undefined;
    let updates = 0;
    let eventTime = 0;
    for (const { data } of messages as unknown as { data: StreamedEvent }[]) {
      expect(data.E).toBeGreaterThanOrEqual(eventTime);
      eventTime = data.E;
      if (data.e === 'trade') lastPrice = data.p;
      else if (data.e === '24hrMiniTicker') expect(data.c).toBe(lastPrice);
      else {
        expect(data.k.c).toBe(lastPrice);
        expect(data.k.t).toBe(openTime ?? data.k.t);
        openTime = data.k.x ? data.k.t + 60_000 : data.k.t;
        if (!data.k.x) updates += 1;
      }
    }
    expect(updates).toBeGreaterThan(100);
  });

  it('is quiet after the last row, while its clock goes on', async () => {
    const { messages } = await openStream(`${simulator.webSocketUrl}/ws/btcusdt@trade`);
    simulator.play();
    const last = rows.at(-1)!;
    await eventually(() => simulator.now() > Number(last[0]) + 3_600_000);
    expect(await get('/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1')).toEqual([
      [...last, Number(last[0]) + 59_999, expect.any(String), 4, expect.any(String), expect.any(String), '0'],
    ]);
    expect(await get('/api/v3/ticker/price?symbol=BTCUSDT')).toEqual({ symbol: 'BTCUSDT', price: last[4] });
    await eventually(() => messages.length >= rows.length * 4);
    expect(messages).toHaveLength(rows.length * 4);
  });
});
