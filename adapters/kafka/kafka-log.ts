import type { LogEntry } from 'kafkajs';
import type { Log } from '../../contracts/ports/log.ts';

/** kafkajs says the same at each retry; an operator needs it once in a while. */
const againAfterMs = 60_000;
const mostRemembered = 100;

/** What belongs to the order of the day: a group that is shared anew, a bound on retries that is meant. */
const expected = /rebalancing|Limiting retries|Stopped/;

/** Writes what kafkajs warns of, each thing once a minute at most. No message's key, headers or value are in it. */
export const createKafkaLog = (log: Log): ((entry: LogEntry) => void) => {
  const said = new Map<string, number>();
  return ({ log: { message, broker, groupId, topic, error } }) => {
    if (expected.test(message)) return;
    const now = performance.now();
    if (now - (said.get(message) ?? Number.NEGATIVE_INFINITY) < againAfterMs) return;
    if (said.size >= mostRemembered) said.clear();
    said.set(message, now);
    // Nothing is lost by a warning: whoever asked for it gets an error or a retry.
    log.warn({ broker, group: groupId, topic, reason: error && String(error) }, `kafka client: ${message}`);
  };
};
