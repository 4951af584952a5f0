import type { Vault, VaultOptions, VaultRecord } from '../../contracts/ports/vault.ts';
import { GroupCommit } from './group-commit.ts';
import {
  closeDatabase,
  emptyWriteAheadLog,
  openDatabase,
  type Sqlite,
  type Statement,
  statements,
  storeUnavailable,
} from './open-database.ts';

const schema = `
  CREATE TABLE IF NOT EXISTS records (
    collection TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    written_at INTEGER NOT NULL,
    expires_at INTEGER,
    subject    TEXT,
    value      TEXT    NOT NULL,
    PRIMARY KEY (collection, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS records_by_subject ON records (subject) WHERE subject IS NOT NULL;
  CREATE INDEX IF NOT EXISTS records_by_expiry ON records (expires_at) WHERE expires_at IS NOT NULL;
  CREATE INDEX IF NOT EXISTS records_by_age ON records (collection, written_at);`;

const current = '(expires_at IS NULL OR expires_at > ?)';

type Row = [id: string, version: number, writtenAt: number, value: string];

const record = ([id, version, writtenAt, value]: Row): VaultRecord => ({
  id,
  version,
  writtenAt: new Date(writtenAt),
  value: JSON.parse(value),
});

/** Records in an SQLite file of their own: `secure_delete` overwrites what is removed, and the log is emptied with it. */
export class SqliteVault implements Vault {
  readonly #database: Sqlite;
  readonly #commits: GroupCommit;
  readonly #prepared: (sql: string) => Statement;

  constructor(file: string) {
    this.#database = openDatabase(file, 'FULL');
    this.#database.exec(schema);
    this.#prepared = statements(this.#database);
    this.#commits = new GroupCommit(this.#database);
  }

  async get(collection: string, id: string): Promise<VaultRecord | undefined> {
    const sql = `SELECT id, version, written_at, value FROM records WHERE collection = ? AND id = ? AND ${current}`;
    const [row] = this.#all(sql, collection, id, Date.now());
    return row && record(row);
  }

  insert(collection: string, id: string, value: unknown, options: VaultOptions = {}): Promise<boolean> {
    const now = Date.now();
    return this.#write(
      `INSERT INTO records VALUES (?, ?, 0, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET version = 0, written_at = excluded.written_at, expires_at = excluded.expires_at,
         subject = excluded.subject, value = excluded.value WHERE expires_at <= ?`,
      collection,
      id,
      now,
      options.expiresAt?.getTime() ?? null,
      options.subject ?? null,
      JSON.stringify(value),
      now,
    );
  }

  replace(
    collection: string,
    id: string,
    version: number,
    value: unknown,
    options: VaultOptions = {},
  ): Promise<boolean> {
    const now = Date.now();
    return this.#write(
      `UPDATE records SET version = version + 1, written_at = ?, expires_at = ?, subject = ?, value = ?
       WHERE collection = ? AND id = ? AND version = ? AND ${current}`,
      now,
      options.expiresAt?.getTime() ?? null,
      options.subject ?? null,
      JSON.stringify(value),
      collection,
      id,
      version,
      now,
    );
  }

  remove(collection: string, id: string, version?: number): Promise<boolean> {
    return this.#write(
      `DELETE FROM records WHERE collection = ? AND id = ? AND version = coalesce(?, version)`,
      collection,
      id,
      version ?? null,
    );
  }

  async removeSubject(subject: string): Promise<void> {
    await this.#write('DELETE FROM records WHERE subject = ?', subject);
    this.#forget();
  }

  async list(collection: string, before: Date, limit: number): Promise<readonly VaultRecord[]> {
    const sql = `SELECT id, version, written_at, value FROM records
      WHERE collection = ? AND written_at < ? AND ${current} ORDER BY written_at LIMIT ?`;
    return this.#all(sql, collection, before.getTime(), Date.now(), limit).map(record);
  }

  async sweep(): Promise<number> {
    const removed = await this.#commits.run(
      () => this.#prepared('DELETE FROM records WHERE expires_at <= ?').run(Date.now()).changes,
    );
    this.#forget();
    return removed;
  }

  /** Finishes the writes that were begun, then closes the file. */
  async close(): Promise<void> {
    await this.#commits.close();
    closeDatabase(this.#database);
  }

  #write(sql: string, ...parameters: unknown[]): Promise<boolean> {
    return this.#commits.run(() => this.#prepared(sql).run(...parameters).changes > 0);
  }

  #forget(): void {
    try {
      emptyWriteAheadLog(this.#database);
    } catch (error) {
      throw storeUnavailable(error);
    }
  }

  #all(sql: string, ...parameters: unknown[]): Row[] {
    try {
      return this.#prepared(sql).all(...parameters) as Row[];
    } catch (error) {
      throw storeUnavailable(error);
    }
  }
}
