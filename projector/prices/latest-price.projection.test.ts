import { tickStream } from '../../contracts/events/price-events.ts';
import { projectionContract } from '../../test/contract/projection.contract.ts';
import { tickHistory } from '../../test/support/histories.ts';
import { project } from '../../test/support/project.ts';
import { latestPrices } from './latest-price.projection.ts';

projectionContract(latestPrices, tickHistory);

const noonMs = Date.UTC(2026, 0, 1, 12);
const ticked = (price: string, timeMs: number, source = 'binance', symbol = 'BTCUSDT') => ({
  stream: tickStream(source, symbol, timeMs),
  type: 'price.ticked',
  data: { source, symbol, price, timeMs, origin: 'poll' },
});
const row = { symbol: 'BTCUSDT', source: 'binance', price: '2.00', asOf: '2026-01-01T12:00:01.000Z' };

it('shows the latest price, to the digit, as of exchange time', async () => {
  const rows = await project(latestPrices, [ticked('1.10', noonMs), ticked('2.00', noonMs + 1_000)]);
  expect(rows).toEqual({ 'BTCUSDT/binance': row });
});

it('lets no older tick replace it', async () => {
  const rows = await project(latestPrices, [ticked('2.00', noonMs + 1_000), ticked('1.10', noonMs)]);
  expect(rows).toEqual({ 'BTCUSDT/binance': row });
});

it('keeps sources and symbols apart', async () => {
  const rows = await project(latestPrices, [
    ticked('2.00', noonMs + 1_000),
    ticked('3', noonMs + 2_000, 'simulator'),
    ticked('4', noonMs + 2_000, 'binance', 'ETHUSDT'),
  ]);
  expect(Object.keys(rows).sort()).toEqual(['BTCUSDT/binance', 'BTCUSDT/simulator', 'ETHUSDT/binance']);
  expect(rows['BTCUSDT/binance']).toEqual(row);
});
