import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { answerRepeat, nextRevision } from '../../contracts/append-rules.ts';
import { followLog, LogGrowth, type LogPage, matchesStreams } from '../../contracts/log-subscription.ts';
import type {
  AppendResult,
  EventStore,
  ExpectedRevision,
  NewEvent,
  Position,
  RecordedEvent,
  Subscribed,
  SubscribeOptions,
} from '../../contracts/ports/event-store.ts';
import { GroupCommit } from './group-commit.ts';
import {
  closeDatabase,
  openDatabase,
  refuseClosed,
  type Sqlite,
  type Statement,
  statements,
  storeUnavailable,
} from './open-database.ts';

const schema = `
  CREATE TABLE IF NOT EXISTS store (id TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS events (
    position    INTEGER PRIMARY KEY,
    stream      TEXT    NOT NULL,
    revision    INTEGER NOT NULL,
    id          TEXT    NOT NULL,
    type        TEXT    NOT NULL,
    recorded_at INTEGER NOT NULL,
    data        TEXT    NOT NULL,
    metadata    TEXT    NOT NULL,
    UNIQUE (stream, revision)
  ) STRICT;`;

const pageSize = 500;
/** Positions looked at in one page: bounds the time that a filter which matches little keeps the event loop. */
const scanSize = 2_000;
/** The youngest events stay in memory, so that live subscribers share them instead of each reading the file. */
const tailSize = 2_048;

type Row = [
  position: number,
  stream: string,
  revision: number,
  id: string,
  type: string,
  at: number,
  data: string,
  metadata: string,
];

const recordedEvent = ([position, stream, revision, id, type, at, data, metadata]: Row): RecordedEvent => ({
  id,
  type,
  data: JSON.parse(data),
  metadata: JSON.parse(metadata),
  stream,
  revision,
  position: BigInt(position),
  recordedAt: new Date(at),
});

/**
 * Events in one SQLite file. One process at a time writes it. Appends that come together share one commit, and each
 * is answered when that commit is on disk; a failed commit fails all of them and leaves none.
 */
export class SqliteEventStore implements EventStore {
  readonly id: string;
  readonly #database: Sqlite;
  readonly #growth = new LogGrowth();
  readonly #commits: GroupCommit;
  /** Contiguous, up to the head. */
  #tail: RecordedEvent[] = [];
  /** Written in the running commit, not yet on disk. */
  #pending: RecordedEvent[] = [];
  #head: number;
  readonly #prepared: (sql: string) => Statement;

  /** `largestPages` bounds the file (4 KiB each): beyond it an append fails as on a full disk. */
  constructor(file: string, { largestPages }: { readonly largestPages?: number } = {}) {
    this.#database = openDatabase(file, 'FULL');
    if (largestPages !== undefined) this.#database.pragma(`max_page_count = ${largestPages}`);
    this.#database.exec(schema);
    this.#prepared = statements(this.#database);
    this.#database.prepare('INSERT INTO store SELECT ? WHERE NOT EXISTS (SELECT 1 FROM store)').run(randomUUID());
    this.id = (this.#database.prepare('SELECT id FROM store').get() as { id: string }).id;
    const { head } = this.#database.prepare('SELECT coalesce(max(position), 0) AS head FROM events').get() as {
      head: number;
    };
    this.#head = head;
    this.#commits = new GroupCommit(this.#database, {
      committed: () => this.#publishPending(),
      failed: () => {
        this.#pending = [];
      },
    });
  }

  async append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<AppendResult> {
    return this.#commits.run(() => this.#write(stream, expected, events));
  }

  async *read(stream: string, from = 0): AsyncIterable<RecordedEvent> {
    const query = this.#prepared(
      `SELECT * FROM events WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ${pageSize}`,
    );
    for (let next = from; ; ) {
      const rows = this.#all(query, stream, next);
      for (const row of rows) yield recordedEvent(row);
      if (rows.length < pageSize) return;
      next = rows.at(-1)![2] + 1;
      // A long stream is read without waiting: let others have the event loop in between.
      await nextTurn();
    }
  }

  async readLast(stream: string): Promise<RecordedEvent | undefined> {
    const [row] = this.#all(
      this.#prepared('SELECT * FROM events WHERE stream = ? ORDER BY revision DESC LIMIT 1'),
      stream,
    );
    return row && recordedEvent(row);
  }

  async head(): Promise<Position> {
    return BigInt(this.#head);
  }

  subscribe(options: SubscribeOptions): AsyncIterable<Subscribed> {
    const { streams } = options;
    // The character behind every other ends the range of names that begin alike.
    const wanted = streams?.map(() => '(stream >= ? AND stream < ?)').join(' OR ') ?? 'TRUE';
    const bounds = streams?.flatMap((start) => [start, `${start}\u{10ffff}`]) ?? [];
    const query = this.#prepared(
      `SELECT * FROM events WHERE position > ? AND position <= ? AND (${wanted}) ORDER BY position LIMIT ${pageSize}`,
    );
    const page = (after: Position): LogPage => {
      const from = Number(after);
      const inMemory = from - (this.#head - this.#tail.length);
      if (inMemory >= 0) {
        const scanned = this.#tail.slice(inMemory, inMemory + pageSize);
        return {
          events: scanned.filter(({ stream }) => matchesStreams(stream, streams)),
          upTo: scanned.at(-1)?.position ?? after,
        };
      }
      const end = Math.min(from + scanSize, this.#head);
      const events = this.#all(query, from, end, ...bounds).map(recordedEvent);
      return { events, upTo: events.length === pageSize ? events.at(-1)!.position : BigInt(end) };
    };
    return followLog(page, this.#growth, options);
  }

  /** Finishes the appends that were begun, then closes the file. */
  async close(): Promise<void> {
    await this.#commits.close();
    closeDatabase(this.#database);
  }

  #write(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): AppendResult {
    const next = nextRevision(expected);
    const last = this.#prepared('SELECT max(revision) FROM events WHERE stream = ?').get(stream) as [number | null];
    if (next !== (last[0] ?? -1) + 1) {
      const there = this.#prepared(
        'SELECT * FROM events WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ?',
      ).all(stream, next, events.length) as Row[];
      return answerRepeat(there.map(recordedEvent), events);
    }
    const insert = this.#prepared('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
    const recordedAt = new Date();
    const first = this.#head + this.#pending.length + 1;
    // All of them before the first is written: what can't be written as JSON fails here.
    const rows = events.map(({ id, type, data, metadata }, index): Row => {
      const [position, revision] = [first + index, next + index];
      return [
        position,
        stream,
        revision,
        id,
        type,
        recordedAt.getTime(),
        JSON.stringify(data),
        JSON.stringify(metadata),
      ];
    });
    for (const row of rows) insert.run(...row);
    // The events as any later reader gets them, not the writer's own objects.
    const recorded = rows.map(recordedEvent);
    this.#pending.push(...recorded);
    const { revision, position } = recorded.at(-1)!;
    return { revision, position, recordedAt };
  }

  #publishPending(): void {
    if (this.#pending.length === 0) return;
    this.#head += this.#pending.length;
    this.#tail.push(...this.#pending);
    this.#pending = [];
    if (this.#tail.length > 2 * tailSize) this.#tail = this.#tail.slice(-tailSize);
    this.#growth.announce();
  }

  #all(statement: Statement, ...parameters: unknown[]): Row[] {
    refuseClosed(this.#database);
    try {
      return statement.all(...parameters) as Row[];
    } catch (error) {
      throw storeUnavailable(error);
    }
  }
}
