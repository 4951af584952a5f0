import { setTimeout as sleep } from 'node:timers/promises';
import { type BackOff, backOffMs } from '../../contracts/back-off.ts';
import type { ExchangeMessage } from '../../contracts/ports/exchange.ts';
import type { StreamMessage } from './binance-answers.ts';
import { MessageQueue } from './message-queue.ts';
import { openPriceSocket, type PriceSocket, type SocketOptions } from './price-socket.ts';

export interface FollowOptions extends SocketOptions {
  readonly webSocketUrl: string;
  readonly backOff: BackOff;
  /** Waiting messages from which on prices are coalesced. */
  readonly queueLimit: number;
  /**
   * The name that the other side goes by. Asked for by REST only while nobody knows it: a ban there must not keep the
   * stream from coming back.
   */
  readonly source: (signal: AbortSignal) => Promise<string>;
  /** The stream goes by another name than that: it must be asked for anew. */
  readonly mistaken: () => void;
  readonly malformed: () => void;
}

const streamsOf = (symbol: string) => [`${symbol.toLowerCase()}@miniTicker`, `${symbol.toLowerCase()}@kline_1m`];

const listenerTo =
  (queue: MessageQueue, symbols: readonly string[]) =>
  (message: StreamMessage): void => {
    if (message.type === 'price' && symbols.includes(message.price.symbol)) queue.push(message);
    if (message.type === 'candle' && message.closed && symbols.includes(message.kline.symbol)) {
      queue.push({ type: 'candle', kline: message.kline });
    }
  };

const keepConnected = async (
  options: FollowOptions,
  symbols: readonly string[],
  queue: MessageQueue,
  signal: AbortSignal,
): Promise<void> => {
  const url = `${options.webSocketUrl}/stream?streams=${symbols.flatMap(streamsOf).join('/')}`;
  /** What delivers. While it is being replaced, both do: the same twice does no harm, a gap would. */
  let current: PriceSocket | undefined;
  let told = false;
  const lose = (reason: string) => {
    current = undefined;
    if (!told) queue.push({ type: 'disconnected', reason });
    told = true;
  };
  const opened = () => {
    queue.push({ type: 'connected' });
    told = false;
  };
  const { malformed, mistaken } = options;
  const listener = { opened, message: listenerTo(queue, symbols), malformed, mistaken };
  const terminate = () => void current?.terminate();
  signal.addEventListener('abort', terminate);

  for (let failures = 0; !signal.aborted; ) {
    const startedMs = performance.now();
    try {
      const next = await openPriceSocket(url, await options.source(signal), options, listener, signal);
      await current?.terminate();
      current = next;
      if (signal.aborted) terminate();
      const { reason, alive } = await next.due;
      if (!alive) lose(reason);
      // Only a connection that lasted proves the other side well: one that drops everybody at once must not be hammered.
      failures = performance.now() - startedMs > options.backOff.maxMs ? 1 : failures + 1;
    } catch (error) {
      failures++;
      if (!current?.isOpen()) lose(error instanceof Error ? error.message : String(error));
    }
    await sleep(backOffMs(options.backOff, failures), undefined, { signal }).catch(() => undefined);
  }
  signal.removeEventListener('abort', terminate);
  await current?.terminate();
};

/** Live messages of the symbols until the signal aborts, across as many connections as it takes. Never throws. */
export async function* followPrices(
  options: FollowOptions,
  symbols: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<ExchangeMessage> {
  const queue = new MessageQueue(options.queueLimit);
  const stop = new AbortController();
  const end = () => {
    stop.abort();
    queue.end();
  };
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  const connections = keepConnected(options, symbols, queue, stop.signal);
  try {
    for await (const message of queue) {
      if (signal.aborted) return;
      yield message;
    }
  } finally {
    signal.removeEventListener('abort', end);
    end();
    await connections;
  }
}
