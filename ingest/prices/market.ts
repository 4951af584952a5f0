import { isDomainError } from '../../contracts/errors.ts';
import type { Exchange, ExchangePrice } from '../../contracts/ports/exchange.ts';
import type { Lease } from '../../contracts/ports/lease.ts';
import type { Log } from '../../contracts/ports/log.ts';
import type { IngestStatus } from '../ingest-status.ts';

export interface MarketOptions {
  readonly exchange: Exchange;
  /** Of the stream. */
  readonly lease: Lease;
  readonly symbols: readonly string[];
  readonly acceptedSource: string;
  readonly log: Log;
  readonly status: IngestStatus;
}

/** The exchange, as far as this process may record what it says. */
export class Market {
  readonly exchange: Exchange;
  readonly symbols: readonly string[];
  readonly #options: MarketOptions;
  readonly #untraded = new Set<string>();
  #refused: string | undefined;

  constructor(options: MarketOptions) {
    this.exchange = options.exchange;
    this.symbols = options.symbols;
    this.#options = options;
  }

  /**
   * Whether the source is accepted, and this process is the one that records what the stream says. One that only stands
   * by asks for the source too, and so tells the operator before it has to take over.
   * @throws DomainError 'exchange-unavailable'
   */
  async mayRecord(signal: AbortSignal): Promise<boolean> {
    return (await this.isAccepted(signal)) && this.#options.lease.held();
  }

  /**
   * Whether the other side is the market that was agreed on: invented prices must not enter among real ones by accident.
   * @throws DomainError 'exchange-unavailable'
   */
  async isAccepted(signal: AbortSignal): Promise<boolean> {
    const { acceptedSource, status, log } = this.#options;
    const source = await this.exchange.source(signal);
    status.source = source;
    if (source === acceptedSource) {
      this.#refused = undefined;
      return true;
    }
    if (this.#refused !== source) {
      const advice = `nothing is recorded; if its prices are wanted, set PRICE_SOURCE=${source}`;
      log.error({ source, acceptedSource }, `the exchange calls itself ${source}, not ${acceptedSource}: ${advice}`);
    }
    this.#refused = source;
    return false;
  }

  /** The latest prices, of the symbols that are traded. */
  async prices(signal: AbortSignal, symbols = this.symbols): Promise<readonly ExchangePrice[]> {
    const traded = symbols.filter((symbol) => !this.#untraded.has(symbol));
    try {
      return await this.exchange.prices(traded, signal);
    } catch (error) {
      if (!isDomainError(error, 'unknown-symbol')) throw error;
      if (traded.length === 1) this.untraded(traded[0]!);
      if (traded.length <= 1) return [];
      // One name that nobody knows must not silence the others.
      const each: ExchangePrice[] = [];
      for (const symbol of traded) each.push(...(await this.prices(signal, [symbol])));
      return each;
    }
  }

  /** Tells the operator, once, and leaves the symbol out from now on. */
  untraded(symbol: string): void {
    if (!this.#untraded.has(symbol)) this.#options.log.error({ symbol }, 'the exchange does not trade this symbol');
    this.#untraded.add(symbol);
  }
}
