import type { ErrorCode } from '../contracts/errors.ts';

/** What readiness and the operator are told. Changes while ingest runs. */
export interface IngestStatus {
  /** Whether the stream delivers. */
  connected: boolean;
  /** The name that the exchange goes by, once it has been asked. */
  source: string | undefined;
  /** Our clock's time of the last price or candle that was heard. */
  lastMessageAt: Date | undefined;
  /** Exchange time of the last tick that this process recorded, in Unix milliseconds, by symbol. */
  readonly lastTickAt: Record<string, number>;
  /** Of the last failure, also after it is over. */
  lastError: ErrorCode | undefined;
}

export const newStatus = (): IngestStatus => ({
  connected: false,
  source: undefined,
  lastMessageAt: undefined,
  lastTickAt: {},
  lastError: undefined,
});
