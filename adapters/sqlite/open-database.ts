import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'libsql';
import { DomainError } from '../../contracts/errors.ts';

export type Sqlite = Database.Database;
/** Gives its rows as arrays. */
export type Statement = Database.Statement<unknown[]>;

/** `FULL`: a commit is on disk when it returns. `NORMAL`: it survives the process, and may be lost with the power. */
export type Synchronous = 'FULL' | 'NORMAL';

const synchronousLevel = { NORMAL: 1, FULL: 2 } as const;

/** For another process to be done with the file. */
const waitMs = 5_000;
/** The same, where the event loop stands still meanwhile and it can be tried again. */
const shortWaitMs = 50;

/** Pages (16 MB): moving the log into the file syncs both, and a page that changed often is moved once. */
const checkpointRarely = 'wal_autocheckpoint = 4000';

/**
 * Opens a file in WAL mode and reads back what was set, since SQLite ignores what it does not take.
 * @throws Error when the file can't be opened or does not take the settings
 */
export const openDatabase = (file: string, synchronous: Synchronous): Sqlite => {
  mkdirSync(dirname(file), { recursive: true });
  const database = new Database(file, { timeout: waitMs });
  const settings = ['journal_mode = WAL', `synchronous = ${synchronous}`, 'secure_delete = ON', checkpointRarely];
  for (const setting of settings) database.pragma(setting);
  const { journalMode, level, secureDelete } = readSettings(database);
  if (journalMode !== 'wal' || level !== synchronousLevel[synchronous] || secureDelete !== 1) {
    database.close();
    throw new Error(
      `${file} runs with journal_mode=${journalMode}, synchronous=${level}, secure_delete=${secureDelete}`,
    );
  }
  return database;
};

/** What the connection really runs with. */
export const readSettings = (database: Sqlite) => {
  const read = (name: string) =>
    Object.values(database.prepare(`PRAGMA ${name}`).get() as object)[0] as string | number;
  return { journalMode: read('journal_mode'), level: read('synchronous'), secureDelete: read('secure_delete') };
};

/** Runs `work` in one transaction: all of it is kept, or none. */
export const inTransaction = <Result>(database: Sqlite, work: () => Result): Result => {
  refuseClosed(database);
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    if (database.inTransaction) database.exec('ROLLBACK');
    throw error;
  }
};

/**
 * Removed bytes live on in the write-ahead log until it is emptied: moves it into the file and cuts it to nothing.
 * @throws DomainError 'store-unavailable' while somebody else reads the file: the bytes are still there
 */
export const emptyWriteAheadLog = (database: Sqlite): void => {
  refuseClosed(database);
  database.pragma(`busy_timeout = ${shortWaitMs}`);
  try {
    const { busy } = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() as { busy: number };
    if (busy !== 0) throw new DomainError('store-unavailable', { detail: 'removed bytes are still being read' });
  } finally {
    database.pragma(`busy_timeout = ${waitMs}`);
  }
};

const closed = new WeakSet<Sqlite>();

export const closedError = (): DomainError => new DomainError('store-unavailable', { detail: 'it is closed' });

/** To be used instead of `database.close()`: the library takes the whole process down when a closed database is used. */
export const closeDatabase = (database: Sqlite): void => {
  closed.add(database);
  database.close();
};

/** @throws DomainError 'store-unavailable' */
export const refuseClosed = (database: Sqlite): void => {
  if (closed.has(database)) throw closedError();
};

/** SQLite's own failures (a full disk, a lock, a broken file) in the catalogue's words. */
export const storeUnavailable = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error && String(error.code).startsWith('SQLITE_')
    ? new DomainError('store-unavailable', { detail: String(error.code), cause: error })
    : error;

/** Prepares each statement once; those that read give their rows as arrays. */
export const statements = (database: Sqlite): ((sql: string) => Statement) => {
  const prepared = new Map<string, Statement>();
  return (sql) => {
    refuseClosed(database);
    let statement = prepared.get(sql);
    if (!statement) {
      statement = database.prepare<unknown[]>(sql);
      if (/^(SELECT|PRAGMA|EXPLAIN)/.test(sql)) statement.raw();
      prepared.set(sql, statement);
    }
    return statement;
  };
};
