import { type Candle, minuteMs, type Trade } from '../market/candle.ts';
import type { Market, MarketListener } from '../market/market.ts';
import type { StreamConnection, Subscriptions } from './stream-connection.ts';
import { klineEvent, miniTickerEvent, tradeEvent } from './stream-events.ts';

/** Binance updates an open kline every two seconds, and only when it changed. */
const klineUpdateMs = 2_000;

/** Tells every connection what it subscribed to of what happens in the market. */
export class StreamHub implements MarketListener, Subscriptions {
  readonly #market: Market;
  readonly #subscribers = new Map<string, Set<StreamConnection>>();
  readonly #changedKlines = new Set<string>();
  readonly #changedTickers = new Set<string>();

  constructor(market: Market) {
    this.#market = market;
  }

  add(stream: string, connection: StreamConnection): void {
    const subscribers = this.#subscribers.get(stream) ?? new Set();
    this.#subscribers.set(stream, subscribers.add(connection));
  }

  remove(stream: string, connection: StreamConnection): void {
    const subscribers = this.#subscribers.get(stream);
    subscribers?.delete(connection);
    if (subscribers?.size === 0) this.#subscribers.delete(stream);
  }

  traded(trade: Trade): void {
    this.#changedKlines.add(trade.symbol);
    this.#changedTickers.add(trade.symbol);
    this.#publish(trade.symbol, 'trade', () => tradeEvent(trade));
  }

  candleClosed(symbol: string, candle: Candle): void {
    this.#changedKlines.delete(symbol);
    const closedAtMs = candle.openTimeMs + minuteMs;
    this.#publish(symbol, 'kline_1m', () => klineEvent(symbol, candle, true, closedAtMs));
  }

  secondPassed(timeMs: number): void {
    for (const symbol of this.#changedTickers) {
      this.#publish(symbol, 'miniTicker', () => miniTickerEvent(symbol, this.#market.candles(symbol), timeMs));
    }
    this.#changedTickers.clear();
    if (timeMs % klineUpdateMs !== 0) return;
    for (const symbol of this.#changedKlines) {
      const candle = this.#market.candles(symbol).at(-1)!;
      this.#publish(symbol, 'kline_1m', () => klineEvent(symbol, candle, false, timeMs));
    }
    this.#changedKlines.clear();
  }

  /** Makes the event only when somebody wants it, and its text once for all. */
  #publish(symbol: string, kind: string, event: () => object): void {
    const stream = `${symbol.toLowerCase()}@${kind}`;
    const subscribers = this.#subscribers.get(stream);
    if (!subscribers) return;
    const raw = JSON.stringify(event());
    const combined = `{"stream":${JSON.stringify(stream)},"data":${raw}}`;
    for (const connection of subscribers) connection.send(connection.combined ? combined : raw);
  }
}
