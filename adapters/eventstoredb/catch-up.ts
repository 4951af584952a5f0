import type { AllStreamResolvedEvent, Position as LogPosition } from '@eventstore/db-client';
import { matchesStreams } from '../../contracts/log-subscription.ts';
import type { Position, Subscribed, SubscribeOptions } from '../../contracts/ports/event-store.ts';
import type { Link } from './link.ts';
import { logEnd, recordBefore } from './log-end.ts';
import { pull } from './pull.ts';
import { isRefusedPosition } from './store-unavailable.ts';
import { isForSubscribers, recordedEvent } from './stored-event.ts';
import type { StreamNames } from './stream-names.ts';

/** Events that the server looks at in one go: bounds how long a filter that matches nothing is silent. */
const searchWindow = 2_000;
const checkpointEvery = 500;
/** Items that may wait here for whoever takes them. */
const buffered = 256;

/** What the server says between the events. */
type Mark = { readonly checkpoint: Position } | { readonly caughtUp: true };

interface CatchUpOptions extends SubscribeOptions {
  readonly after: Position;
  readonly link: Link;
  readonly names: StreamNames;
  /** The position of a record before all of this store's events. */
  readonly start: Position;
}

/**
 * What is in the log behind `after`, with checkpoints, until all has been given that was there when it was called.
 * `after` need not be the position of an event.
 * @throws what the client says; DomainError 'store-unavailable'
 */
export async function* catchUp(options: CatchUpOptions): AsyncIterable<Subscribed> {
  const { after, start, link } = options;
  try {
    yield* catchUpFrom(after > start ? after : start, options);
  } catch (error) {
    if (!isRefusedPosition(error)) throw error;
    // The server begins at records only. It refuses before it gives anything.
    yield* catchUpFrom((await recordUpTo(link, after)) ?? start, options);
  }
}

async function* catchUpFrom(
  from: Position,
  { after, streams, link, names, signal }: CatchUpOptions,
): AsyncIterable<Subscribed> {
  const filter = names.filter(streams, {
    maxSearchWindow: searchWindow,
    checkpointReached: (subscription, position) => {
      const checkpoint = passedAt(position);
      // Into the same queue as the events, or it would overtake those that wait to be taken.
      if (checkpoint !== undefined) subscription.push({ checkpoint } satisfies Mark);
    },
  });
  const fromPosition = { commit: from, prepare: from };
  const call = link.client.subscribeToAll({ fromPosition, filter }, { highWaterMark: buffered });
  call.on('caughtUp', () => call.push({ caughtUp: true } satisfies Mark));

  let at = after;
  let sinceCheckpoint = 0;
  let silent = false;
  // The server may be at work on a long piece of the log: as long as it answers something else, that gets its time.
  const whenSilent = async () => {
    if (silent) throw new Error('the subscription has died');
    silent = true;
    await logEnd(link);
  };
  for await (const item of pull<AllStreamResolvedEvent | Mark>(call, { link, signal, whenSilent })) {
    silent = false;
    if ('caughtUp' in item) return;
    if ('checkpoint' in item) {
      if (item.checkpoint <= at) continue;
      at = item.checkpoint;
      yield { type: 'checkpoint', position: at };
      sinceCheckpoint = 0;
    } else if (item.event && item.event.position.commit > at) {
      const stream = names.ours(item.event.streamId);
      if (stream === undefined || !isForSubscribers(item.event) || !matchesStreams(stream, streams)) continue;
      at = item.event.position.commit;
      yield { type: 'event', event: recordedEvent(stream, item.event) };
      if (++sinceCheckpoint < checkpointEvery) continue;
      yield { type: 'checkpoint', position: at };
      sinceCheckpoint = 0;
    }
  }
  if (!signal.aborted) throw new Error('the server ended the subscription');
}

const largestPosition = 2n ** 63n - 1n;

/**
 * How far the server's checkpoint says that it has passed. Undefined for the one beyond every position, which it sends
 * when it has nothing to say and which would mean the end of the log.
 */
export const passedAt = ({ commit, prepare }: LogPosition): Position | undefined => {
  if (commit > largestPosition) return undefined;
  // Not an event's position but where the next record begins: the event that will be written there has not been passed.
  return prepare < commit ? commit - 1n : commit;
};

const recordUpTo = async (link: Link, position: Position): Promise<Position | undefined> => {
  try {
    return await recordBefore(link, position + 1n);
  } catch (error) {
    if (isRefusedPosition(error)) return undefined;
    throw error;
  }
};
