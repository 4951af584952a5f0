import { printFixed } from '../market/fixed-point.ts';
import type { MarketSymbol } from '../market/market-source.ts';

const quoteAssets = ['FDUSD', 'USDT', 'USDC', 'TUSD', 'BTC', 'ETH', 'BNB', 'EUR', 'TRY', 'BRL', 'JPY'];

/** `BTCUSDT` is BTC priced in USDT. A quote asset that isn't known is taken to have three letters. */
const assetsOf = (symbol: string) => {
  const known = quoteAssets.find((asset) => symbol.endsWith(asset) && symbol.length > asset.length);
  const quoteAsset = known ?? symbol.slice(-3);
  return { baseAsset: symbol.slice(0, -quoteAsset.length), quoteAsset };
};

const filters = (tickSize: string) => [
  { filterType: 'PRICE_FILTER', minPrice: tickSize, maxPrice: '1000000.00000000', tickSize },
  { filterType: 'LOT_SIZE', minQty: '0.00001000', maxQty: '9000.00000000', stepSize: '0.00001000' },
  {
    filterType: 'NOTIONAL',
    minNotional: '5.00000000',
    applyMinToMarket: true,
    maxNotional: '9000000.00000000',
    applyMaxToMarket: false,
    avgPriceMins: 5,
  },
];

export const symbolInfo = ({ symbol, tickSize }: MarketSymbol) => {
  const { baseAsset, quoteAsset } = assetsOf(symbol);
  return {
    symbol,
    status: 'TRADING',
    baseAsset,
    baseAssetPrecision: 8,
    quoteAsset,
    quotePrecision: 8,
    quoteAssetPrecision: 8,
    baseCommissionPrecision: 8,
    quoteCommissionPrecision: 8,
    orderTypes: ['LIMIT', 'LIMIT_MAKER', 'MARKET', 'STOP_LOSS_LIMIT', 'TAKE_PROFIT_LIMIT'],
    icebergAllowed: true,
    ocoAllowed: true,
    otoAllowed: true,
    quoteOrderQtyMarketAllowed: true,
    allowTrailingStop: true,
    cancelReplaceAllowed: true,
    isSpotTradingAllowed: true,
    isMarginTradingAllowed: false,
    filters: filters(printFixed(tickSize)),
    permissions: [],
    permissionSets: [['SPOT']],
    defaultSelfTradePreventionMode: 'EXPIRE_MAKER',
    allowedSelfTradePreventionModes: ['EXPIRE_TAKER', 'EXPIRE_MAKER', 'EXPIRE_BOTH'],
  };
};

export const exchangeInfo = (serverTime: number, weightLimit: number, symbols: readonly MarketSymbol[]) => ({
  timezone: 'UTC',
  serverTime,
  rateLimits: [
    { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: weightLimit },
    { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 100 },
    { rateLimitType: 'ORDERS', interval: 'DAY', intervalNum: 1, limit: 200_000 },
    { rateLimitType: 'RAW_REQUESTS', interval: 'MINUTE', intervalNum: 5, limit: 61_000 },
  ],
  exchangeFilters: [],
  symbols: symbols.map(symbolInfo),
});
