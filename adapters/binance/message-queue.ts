import type { ExchangeMessage } from '../../contracts/ports/exchange.ts';

type Entry = { message: ExchangeMessage };

/**
 * Messages on their way to one consumer, in order. When the consumer falls behind, a symbol's newest price takes the
 * place of the one that waits, so that memory stays bounded by `limit`, the symbols and the closed candles, none of
 * which is ever dropped.
 */
export class MessageQueue {
  readonly #limit: number;
  readonly #entries: Entry[] = [];
  /** The last waiting price of each symbol. */
  readonly #prices = new Map<string, Entry>();
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(message: ExchangeMessage): void {
    const waiting = message.type === 'price' ? this.#prices.get(message.price.symbol) : undefined;
    if (waiting && this.#entries.length >= this.#limit) waiting.message = message;
    else this.#append(message);
    this.#wake?.();
  }

  /** What waits is still given, then the iteration ends. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** For one consumer. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ExchangeMessage> {
    for (;;) {
      const entry = this.#entries.shift();
      if (entry) {
        this.#forget(entry);
        yield entry.message;
      } else if (this.#ended) {
        return;
      } else {
        await new Promise<void>((wake) => {
          this.#wake = wake;
        });
      }
    }
  }

  #append(message: ExchangeMessage) {
    const entry = { message };
    this.#entries.push(entry);
    if (message.type === 'price') this.#prices.set(message.price.symbol, entry);
    // What comes by a new connection must not overtake the news of it.
    else if (message.type !== 'candle') this.#prices.clear();
  }

  #forget(entry: Entry) {
    const { message } = entry;
    if (message.type !== 'price') return;
    if (this.#prices.get(message.price.symbol) === entry) this.#prices.delete(message.price.symbol);
  }
}
