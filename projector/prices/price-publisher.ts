import type { Bus } from '../../contracts/ports/bus.ts';
import type { Cache } from '../../contracts/ports/cache.ts';
import type { Log } from '../../contracts/ports/log.ts';
import type { RowChange, ViewDefinition, ViewRow, ViewStore } from '../../contracts/ports/view-store.ts';
import { pricesTopic } from '../../contracts/topics.ts';
import { noticeMessage } from '../notices/notice-message.ts';
import { WakeUp } from '../wake-up.ts';
import { type LatestPrice, latestPrices, priceCacheKey, priceNotice } from './latest-price.projection.ts';

export interface PricePublisherOptions {
  readonly views: ViewStore;
  readonly cache: Cache;
  readonly bus: Bus;
  readonly log: Log;
  /** How long the cache keeps a price. */
  readonly ttlSeconds: number;
  /** The version that it follows. The only one when absent. */
  readonly view?: ViewDefinition;
  /** Whether that version is the one that is read. It always is when absent. */
  readonly serving?: () => boolean;
}

type PriceRow = Pick<ViewRow<LatestPrice>, 'position' | 'value'>;

const message = ({ position, value }: PriceRow) => noticeMessage(priceNotice(value, position), value.symbol);

const pageSize = 500;
/** So soon is it seen that the version is read now. */
const pollMs = 500;

/**
 * Takes changed prices to the cache and, while its version is the one that is read, to the bus, beside the projection and
 * never in its way. While one write runs, only the latest of each symbol waits. What fails is dropped: prices are sent
 * anew. One that wakes up late may send an old price again: the cache keeps the newer one, and so do those who listen.
 */
export class PricePublisher {
  readonly #options: PricePublisherOptions;
  readonly #view: ViewDefinition;
  readonly #serving: () => boolean;
  readonly #waiting = new Map<string, PriceRow>();
  /** What is for the bus as soon as the version is read: the version before may have left it out. */
  readonly #untold = new Map<string, PriceRow>();
  readonly #wakeUp = new WakeUp();

  constructor(options: PricePublisherOptions) {
    this.#options = options;
    this.#view = options.view ?? latestPrices;
    this.#serving = options.serving ?? (() => true);
  }

  /** Rows that have just changed. They go out when the view has caught up: nobody wants the prices of a rebuild. */
  changed(changes: readonly RowChange[], caughtUp: boolean): void {
    for (const { key, position, value } of changes) {
      if (value) this.#waiting.set(key, { position, value: value as LatestPrice });
    }
    if (caughtUp && this.#waiting.size > 0) this.#wakeUp.wake();
  }

  /** Fills the cache from the view, then publishes until the signal aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { log } = this.#options;
    if (this.#serving()) {
      await this.warm().catch((error) => log.warn({ err: error }, 'the cache begins without prices'));
    }
    while (!signal.aborted) {
      await this.#wakeUp.sleep(signal, this.#untold.size > 0 ? pollMs : undefined);
      const changed = [...this.#waiting];
      this.#waiting.clear();
      for (const [key, row] of changed) {
        await this.#cache(row);
        this.#untold.set(key, row);
      }
      if (this.#serving() && !signal.aborted) await this.#publish();
    }
  }

  async #publish(): Promise<void> {
    const rows = [...this.#untold.values()];
    this.#untold.clear();
    try {
      if (rows.length > 0) await this.#options.bus.publish(pricesTopic, rows.map(message));
    } catch (error) {
      this.#options.log.warn({ err: error, prices: rows.length }, 'prices were not published');
    }
  }

  /** Writes every price of the view to the cache. */
  async warm(): Promise<void> {
    for (let after: string | undefined; ; ) {
      const rows = await this.#options.views.find(this.#view, { after, limit: pageSize });
      for (const row of rows) await this.#cache(row as ViewRow<LatestPrice>);
      if (rows.length < pageSize) return;
      after = rows.at(-1)!.key;
    }
  }

  async #cache({ position, value }: PriceRow): Promise<void> {
    const { cache, ttlSeconds } = this.#options;
    const entry = { value: JSON.stringify(value), position };
    await cache.putIfNewer(priceCacheKey(value.symbol, value.source, this.#view), entry, ttlSeconds);
  }
}
