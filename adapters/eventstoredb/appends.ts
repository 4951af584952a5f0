import type { BatchAppendReq } from '@eventstore/db-client/generated/streams_pb.js';
import { answerRepeat, nextRevision } from '../../contracts/append-rules.ts';
import { isDomainError } from '../../contracts/errors.ts';
import type { AppendResult, ExpectedRevision, NewEvent, Position } from '../../contracts/ports/event-store.ts';
import { appendOutcome } from './append-outcome.ts';
import { appendRequest } from './append-request.ts';
import type { Link } from './link.ts';
import { logEnd } from './log-end.ts';
import { readStream } from './read-stream.ts';
import { closedError, storeUnavailable } from './store-unavailable.ts';
import type { StreamNames } from './stream-names.ts';

interface Needs {
  /** The link to use now. */
  readonly link: () => Link;
  readonly names: StreamNames;
  /** How far the log is at least. */
  readonly heardOf: () => Position;
}

/**
 * The server recognises a repeat and answers it like the first, without saying which it was. A repeat shows by its
 * position, which is not behind all that was written before; then what the first wrote is read, to answer with that.
 */
export class Appends {
  readonly #needs: Needs;
  readonly #underWay = new Set<Promise<unknown>>();
  /** Where the log ended when it was last asked for. Asked anew after an append of which nobody knows what became. */
  #knownEnd: Promise<Position> | undefined;
  #lastWritten: Position = 0n;
  #closed = false;

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  /** As the port has it. @throws Error for what can't be stored */
  async append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<AppendResult> {
    if (this.#closed) throw closedError();
    const appending = this.#append(stream, expected, events);
    this.#underWay.add(appending);
    try {
      return await appending;
    } finally {
      this.#underWay.delete(appending);
    }
  }

  /** Takes no more, and resolves when those that were begun are done. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#underWay);
  }

  async #append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<AppendResult> {
    const name = this.#needs.names.inStore(stream);
    const recordedAt = new Date();
    const { id, request } = appendRequest(name, expected, events, recordedAt);
    const link = this.#needs.link();
    const written = await this.#send(link, id, request);
    if (written) return { ...written, recordedAt };

    const there = [];
    const from = nextRevision(expected);
    for await (const event of readStream(link, { name, stream, from, maxCount: events.length })) there.push(event);
    return answerRepeat(there, events);
  }

  /** Undefined when the events were there before, or others are. */
  async #send(link: Link, id: string, request: BatchAppendReq) {
    const before = await this.#logBefore(link);
    try {
      const { revision, position } = appendOutcome(await link.append(id, request));
      if (position === undefined || position <= before) return undefined;
      if (position > this.#lastWritten) this.#lastWritten = position;
      return { revision, position };
    } catch (error) {
      if (isDomainError(error, 'revision-conflict')) return undefined;
      this.#knownEnd = undefined;
      throw error;
    }
  }

  /** A position up to which the log has been written already. */
  async #logBefore(link: Link): Promise<Position> {
    this.#knownEnd ??= logEnd(link);
    const asked = this.#knownEnd;
    try {
      const known = [await asked, this.#lastWritten, this.#needs.heardOf()];
      return known.reduce((one, other) => (one > other ? one : other));
    } catch (error) {
      if (this.#knownEnd === asked) this.#knownEnd = undefined;
      throw storeUnavailable(error);
    }
  }
}
