import type { Candle } from '../market/candle.ts';
import { printFixed, printProduct } from '../market/fixed-point.ts';
import { intervalsMs, klines } from '../market/klines.ts';
import type { Market } from '../market/market.ts';
import { binanceErrors } from './binance-error.ts';
import { exchangeInfo } from './exchange-info.ts';
import { mandatory, optionalNumber, type ParameterName, type Parameters, requestedSymbols } from './parameters.ts';

export interface Endpoint {
  readonly parameters: readonly ParameterName[];
  /** Request weight, counted before anything is looked at. */
  weight(query: URLSearchParams): number;
  /** The body. @throws BinanceError */
  answer(parameters: Parameters, market: Market, weightLimit: number): unknown;
}

const known = (market: Market, symbols: readonly string[]): readonly string[] => {
  if (!symbols.every((symbol) => market.has(symbol))) throw binanceErrors.invalidSymbol();
  return symbols;
};

const price = (market: Market, symbol: string) => ({ symbol, price: printFixed(market.price(symbol)) });

const klineArray = (candle: Candle, intervalMs: number) => [
  candle.openTimeMs,
  printFixed(candle.open),
  printFixed(candle.high),
  printFixed(candle.low),
  printFixed(candle.close),
  printFixed(candle.volume),
  candle.openTimeMs + intervalMs - 1,
  printProduct(candle.quoteVolume),
  candle.trades,
  printFixed(candle.takerVolume),
  printProduct(candle.takerQuoteVolume),
  '0',
];

const maxKlines = 1000;

const answerKlines: Endpoint['answer'] = (parameters, market) => {
  const symbol = mandatory(parameters, 'symbol');
  const intervalMs = intervalsMs.get(mandatory(parameters, 'interval'));
  if (intervalMs === undefined) throw binanceErrors.invalidInterval();
  const limit = Math.min(optionalNumber(parameters, 'limit') ?? 500, maxKlines);
  if (limit === 0) throw binanceErrors.invalidParameter('limit');
  known(market, [symbol]);
  const range = {
    intervalMs,
    startTimeMs: optionalNumber(parameters, 'startTime'),
    endTimeMs: optionalNumber(parameters, 'endTime'),
    limit,
  };
  return klines(market.candles(symbol), range).map((candle) => klineArray(candle, intervalMs));
};

const answerPrices: Endpoint['answer'] = (parameters, market) => {
  const symbols = requestedSymbols(parameters);
  const prices = known(market, symbols ?? market.symbols.map(({ symbol }) => symbol)).map((symbol) =>
    price(market, symbol),
  );
  return parameters.symbol === undefined ? prices : prices[0];
};

const answerInfo: Endpoint['answer'] = (parameters, market, weightLimit) => {
  const wanted = requestedSymbols(parameters);
  if (wanted) known(market, wanted);
  const symbols = market.symbols.filter(({ symbol }) => wanted?.includes(symbol) ?? true);
  return exchangeInfo(market.now(), weightLimit, symbols);
};

export const endpoints: Readonly<Record<string, Endpoint>> = {
  '/api/v3/ping': { parameters: [], weight: () => 1, answer: () => ({}) },
  '/api/v3/time': { parameters: [], weight: () => 1, answer: (_, market) => ({ serverTime: market.now() }) },
  '/api/v3/exchangeInfo': { parameters: ['symbol', 'symbols'], weight: () => 20, answer: answerInfo },
  '/api/v3/ticker/price': {
    parameters: ['symbol', 'symbols'],
    weight: (query) => (query.has('symbol') ? 2 : 4),
    answer: answerPrices,
  },
  '/api/v3/klines': {
    parameters: ['symbol', 'interval', 'startTime', 'endTime', 'limit'],
    weight: () => 2,
    answer: answerKlines,
  },
};
