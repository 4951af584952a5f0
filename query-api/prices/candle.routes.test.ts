import { MemoryViewStore } from '../../adapters/memory/memory-view-store.ts';
import { candleKey, candles } from '../../projector/prices/candle.projection.ts';
import { ViewProgress } from '../../runtime/view-progress.ts';
import { asking } from '../../test/support/asking.ts';
import { candleRoutes } from './candle.routes.ts';

const startMs = Date.parse('2026-01-05T10:00:00.000Z');
const timeOf = (minute: number) => new Date(startMs + minute * 60_000).toISOString();

const arrange = async (minutes: number) => {
  const [views, { endpoint, ask }] = [new MemoryViewStore(), asking()];
  candleRoutes(endpoint, { views, progress: new ViewProgress(views), symbols: ['BTCUSDT'], source: 'binance' });
  const ohlc = { open: '1', high: '2', low: '0.5', close: '1.5', volume: '10', backfilled: false };
  const rows = ['BTCUSDT', 'BTCUSDTX', 'ABC'].flatMap((symbol) =>
    Array.from({ length: minutes }, (_, minute) => ({
      key: candleKey('binance', symbol, startMs + minute * 60_000),
      position: BigInt(minute + 1),
      value: { openTime: timeOf(minute), ...ohlc, source: 'binance' },
    })),
  );
  await views.apply(candles, rows, BigInt(minutes));
  const list = async (query: object) => {
    const { body } = await ask('listCandles', { params: { symbol: 'btcusdt' }, query });
    const times = body.items.map(({ openTime }: { openTime: string }) => (Date.parse(openTime) - startMs) / 60_000);
    return { times, next: (body.nextCursor ?? undefined) as string | undefined };
  };
  return { ask, list };
};

it('gives the last ones, the oldest first, and pages back', async () => {
  const { list } = await arrange(8);
  const last = await list({ limit: '3' });
  expect(last.times).toEqual([5, 6, 7]);
  const before = await list({ limit: '3', cursor: last.next });
  expect(before.times).toEqual([2, 3, 4]);
  expect(await list({ limit: '3', cursor: before.next })).toEqual({ times: [0, 1], next: undefined });
  expect((await list({ limit: '2', to: timeOf(4) })).times).toEqual([2, 3]);
});

it('goes forward from a moment on', async () => {
  const { list } = await arrange(8);
  const first = await list({ from: timeOf(2), to: timeOf(7), limit: '3' });
  expect(first.times).toEqual([2, 3, 4]);
  const second = await list({ from: timeOf(2), to: timeOf(7), limit: '3', cursor: first.next });
  expect(second).toEqual({ times: [5, 6], next: undefined });
  expect((await list({ from: '2026-01-05T12:05:00+02:00', limit: '1' })).times).toEqual([5]);
  expect((await list({ from: '0001-01-01T00:00:00Z', to: '9999-12-31T23:59:59Z' })).times).toHaveLength(8);
});

it('knows its symbols and its cursors', async () => {
  const { ask, list } = await arrange(2);
  await expect(ask('listCandles', { params: { symbol: 'ABC' } })).rejects.toMatchObject({ code: 'unknown-symbol' });
  const others = [
    ['binance', 'ABC'],
    ['binance', 'BTCUSDTX'],
    ['binance', 'ETHUSDT'],
    ['another', 'BTCUSDT'],
  ] as const;
  for (const key of ['', 'x', ...others.map(([source, symbol]) => candleKey(source, symbol, startMs))]) {
    const cursor = Buffer.from(key).toString('base64url');
    await expect(list({ cursor })).rejects.toMatchObject({ code: 'bad-cursor' });
  }
});
