import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus, DeliveredMessage, Topic } from '../../contracts/ports/bus.ts';
import type { Log } from '../../contracts/ports/log.ts';

export interface FollowOptions {
  readonly bus: Bus;
  readonly topic: Topic;
  /** Of this process alone: each gets every message. */
  readonly group: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Done before each joining. */
  readonly prepare?: () => Promise<void>;
  /** Hears whether everything that is published from now on will be delivered. */
  readonly onReady: (ready: boolean) => void;
  /** Before joining again. */
  readonly pauseMs?: number;
}

/**
 * Consumes what comes until the signal aborts; joins again when the consumer fails. One warning an outage, and a line when
 * it is over. Never rejects.
 */
export const followTopic = async (
  { bus, topic, group, log, signal, prepare, onReady, pauseMs = 1_000 }: FollowOptions,
  handle: (message: DeliveredMessage) => Promise<void>,
): Promise<void> => {
  const handleAndTell = async (message: DeliveredMessage) => {
    try {
      await handle(message);
    } catch (error) {
      log.warn({ err: error, topic: topic.name }, 'a message was not handled and comes again');
      throw error;
    }
  };
  let away = false;
  const onJoined = () => {
    if (away) log.info({ topic: topic.name }, 'the consumer has joined again');
    away = false;
    onReady(true);
  };
  const joining = { topics: [topic], group, from: 'latest', ephemeral: true, signal, onReady: onJoined } as const;
  while (!signal.aborted) {
    try {
      await prepare?.();
      await bus.prepare([topic]);
      await bus.consume(joining, handleAndTell);
    } catch (error) {
      if (!away) log.warn({ err: error, topic: topic.name }, 'the consumer failed and joins again after a pause');
      away = true;
    }
    onReady(false);
    if (!signal.aborted) await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
};
