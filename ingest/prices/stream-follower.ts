import type { BackOff } from '../../contracts/back-off.ts';
import { DomainError, isDomainError } from '../../contracts/errors.ts';
import type { ExchangeMessage } from '../../contracts/ports/exchange.ts';
import type { Log } from '../../contracts/ports/log.ts';
import { applyRule, type Rules } from '../../contracts/rules.ts';
import type { IngestStatus } from '../ingest-status.ts';
import { Outage } from '../outage.ts';
import { retrying } from '../retry.ts';
import type { Backfill } from './backfill.ts';
import type { Market } from './market.ts';
import type { PriceRecorder } from './price-recorder.ts';

export interface FollowerOptions {
  readonly market: Market;
  readonly recorder: PriceRecorder;
  readonly backfill: Backfill;
  readonly streamIntervalMs: number;
  readonly backOff: BackOff;
  readonly status: IngestStatus;
  readonly log: Log;
}

/** Our own store is asked again soon, while an exchange that is away may want to be left alone for longer. */
const longestStorePauseMs = 2_000;

/** Records what the exchange says live, until the signal aborts. Never throws. */
export const followStream = async (options: FollowerOptions, signal: AbortSignal): Promise<void> => {
  const { market, recorder, backfill, streamIntervalMs, backOff, status, log } = options;
  const recordingBackOff = { ...backOff, maxMs: Math.min(backOff.maxMs, longestStorePauseMs) };
  const outage = new Outage(log, 'the price stream');
  const recording = new Outage(log, 'the recording of prices');
  /** What is being recorded: one thing at a time per symbol, the symbols beside each other. */
  const lanes = new Map<string, Promise<void>>();
  /** Whether candles may have passed unrecorded: after each connect, and while somebody else held the lease. */
  let mayHaveMissed = true;

  const failed = (error: unknown) => {
    recording.begin(error);
    if (isDomainError(error)) status.lastError = error.code;
  };
  const keep = async (what: object, work: () => Promise<void>) => {
    try {
      await retrying(work, { backOff: recordingBackOff, signal, failed });
      recording.end();
    } catch (error) {
      if (!signal.aborted) log.error({ err: error, ...what }, 'a message of the exchange could not be recorded');
    }
  };
  const enter = async (symbol: string, what: object, work: () => Promise<void>) => {
    await lanes.get(symbol);
    lanes.set(symbol, keep(what, work));
  };

  const rules: Rules<ExchangeMessage, undefined, void | Promise<void>> = {
    connected: () => {
      status.connected = true;
      mayHaveMissed = true;
      outage.end();
    },
    disconnected: ({ reason }) => {
      status.connected = false;
      status.lastError = 'exchange-unavailable';
      outage.begin(new DomainError('exchange-unavailable', { detail: reason }));
    },
    price: ({ price }) =>
      enter(price.symbol, price, async () => {
        if (await recorder.tick(price, 'stream', streamIntervalMs)) status.lastTickAt[price.symbol] = price.timeMs;
      }),
    candle: ({ kline }) =>
      enter(kline.symbol, kline, async () => {
        await recorder.candles([kline], false);
        backfill.heard(kline);
      }),
  };
  const mayRecord = () => market.mayRecord(signal).catch(() => false);

  for await (const message of market.exchange.follow(market.symbols, signal)) {
    const news = message.type === 'connected' || message.type === 'disconnected';
    if (news) await applyRule(rules, message, undefined);
    else status.lastMessageAt = new Date();
    if (message.type === 'disconnected') continue;
    if (!(await mayRecord())) {
      mayHaveMissed = true;
      continue;
    }
    if (mayHaveMissed || backfill.gaveUp) backfill.start();
    mayHaveMissed = false;
    if (!news) await applyRule(rules, message, undefined);
  }
  await Promise.all(lanes.values());
  await backfill.stop();
};
