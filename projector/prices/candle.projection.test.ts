import { candleStream } from '../../contracts/events/price-events.ts';
import { projectionContract } from '../../test/contract/projection.contract.ts';
import { candleHistory } from '../../test/support/histories.ts';
import { project } from '../../test/support/project.ts';
import { candleKey, candles } from './candle.projection.ts';

projectionContract(candles, candleHistory);

const openTimeMs = Date.UTC(2026, 0, 1, 12);
const ohlc = { open: '1.10', high: '3', low: '0.5', close: '2', volume: '12.5', backfilled: false };
const closed = (source = 'binance', atMs = openTimeMs) => ({
  stream: candleStream(source, 'BTCUSDT', atMs),
  type: 'candle.closed',
  data: { source, symbol: 'BTCUSDT', openTimeMs: atMs, ...ohlc },
});

it('shows each candle under its market and time', async () => {
  expect(await project(candles, [closed(), closed('simulator'), closed('binance', openTimeMs + 60_000)])).toEqual({
    'binance/BTCUSDT/1767268800000': { openTime: '2026-01-01T12:00:00.000Z', source: 'binance', ...ohlc },
    'simulator/BTCUSDT/1767268800000': { openTime: '2026-01-01T12:00:00.000Z', source: 'simulator', ...ohlc },
    'binance/BTCUSDT/1767268860000': { openTime: '2026-01-01T12:01:00.000Z', source: 'binance', ...ohlc },
  });
});

it('has keys that sort by time', () => {
  expect(candleKey('binance', 'BTCUSDT', 999) < candleKey('binance', 'BTCUSDT', openTimeMs)).toBe(true);
});
