import type { BackOff } from '../../contracts/back-off.ts';
import { isDomainError } from '../../contracts/errors.ts';
import type { IngestStatus } from '../ingest-status.ts';
import type { Outage } from '../outage.ts';
import { retrying } from '../retry.ts';
import type { Market } from './market.ts';
import type { PriceRecorder } from './price-recorder.ts';

/** A minute of exchange time has one tick at least: so long is the poll's bucket, whatever its pace is by our clock. */
const bucketMs = 60_000;
/** Within one run. The next run comes anyway. */
const attempts = 3;

export interface PollOptions {
  readonly market: Market;
  readonly recorder: PriceRecorder;
  readonly backOff: BackOff;
  readonly status: IngestStatus;
  readonly outage: Outage;
}

/**
 * Asks for the latest prices once and records them, also when nothing changed. In whichever process the schedule says,
 * beside the one that records the stream: the rule for ticks leaves out what that one has.
 */
export const pollPrices = async (options: PollOptions, signal: AbortSignal): Promise<void> => {
  const { market, recorder, backOff, status, outage } = options;
  const failed = (error: unknown) => {
    // While the stream is away too, it says so for both.
    if (status.connected || !isDomainError(error, 'exchange-unavailable')) outage.begin(error);
    if (isDomainError(error)) status.lastError = error.code;
  };
  const ask = async () => {
    if (!(await market.isAccepted(signal))) return;
    const prices = await market.prices(signal);
    // Asked again, because the other side may have changed meanwhile.
    if (!(await market.isAccepted(signal))) return;
    await Promise.all(
      prices.map(async (price) => {
        if (await recorder.tick(price, 'poll', bucketMs)) status.lastTickAt[price.symbol] = price.timeMs;
      }),
    );
    outage.end();
  };
  try {
    await retrying(ask, { backOff, signal, attempts, failed });
  } catch (error) {
    if (signal.aborted) return;
    if (!isDomainError(error)) throw error;
    failed(error);
  }
};
