import type { Position } from '../../contracts/ports/event-store.ts';
import type { FindOptions, RowChange, ViewDefinition, ViewRow, ViewStore } from '../../contracts/ports/view-store.ts';
import {
  closeDatabase,
  inTransaction,
  openDatabase,
  type Sqlite,
  type Statement,
  statements,
  storeUnavailable,
} from './open-database.ts';

type Stored = [key: string, position: bigint, value: string | null];

/** Rows that one statement writes: most of a write's cost is calling into SQLite. */
const rowsAtOnce = 50;

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
const tableOf = ({ name, version }: ViewDefinition) => quoted(`${name}@${version}`);
/** Written alike in the index and in queries, or SQLite does not use the index. */
const fieldOf = (field: string) => {
  if (!/^\w+$/.test(field)) throw new Error(`${field} can't be indexed`);
  return `json_extract(value, '$.${field}')`;
};

const createView = (view: ViewDefinition) => `
  CREATE TABLE IF NOT EXISTS ${tableOf(view)} (
    key TEXT PRIMARY KEY, position INTEGER NOT NULL, value TEXT
  ) STRICT, WITHOUT ROWID;
  ${(view.indexes ?? [])
    .map(
      (field) =>
        `CREATE INDEX IF NOT EXISTS ${quoted(`${view.name}@${view.version} by ${field}`)} ON ${tableOf(view)} (${fieldOf(field)});`,
    )
    .join('')}`;

const upsert = (view: ViewDefinition, rows: number) => `
  INSERT INTO ${tableOf(view)} VALUES ${Array(rows).fill('(?, ?, ?)').join(', ')}
  ON CONFLICT (key) DO UPDATE SET position = excluded.position, value = excluded.value
  WHERE excluded.position > position`;

const present = ([key, position, value]: Stored): ViewRow[] =>
  value === null ? [] : [{ key, position, value: JSON.parse(value) }];

/** The query for the options, and what to bind to it. */
const select = (view: ViewDefinition, { where, from, before, after, order, limit }: FindOptions) => {
  if (where && !view.indexes?.includes(where.field)) throw new Error(`${view.name} has no index on ${where.field}`);
  const descending = order === 'descending';
  const conditions = [
    ...(where ? [[`${fieldOf(where.field)} = ?`, where.equals]] : []),
    ...(from === undefined ? [] : [['key >= ?', from]]),
    ...(before === undefined ? [] : [['key < ?', before]]),
    ...(after === undefined ? [] : [[descending ? 'key < ?' : 'key > ?', after]]),
  ];
  return {
    sql: `SELECT key, position, value FROM ${tableOf(view)}
      WHERE ${[...conditions.map(([sql]) => sql), 'value IS NOT NULL'].join(' AND ')}
      ORDER BY key ${descending ? 'DESC' : 'ASC'} LIMIT ?`,
    bound: [...conditions.map(([, value]) => value), limit],
  };
};

/**
 * Views in one SQLite file, a table each. A power cut may take the last batches, rows and checkpoint together; the
 * projector makes them again.
 */
export class SqliteViewStore implements ViewStore {
  readonly #database: Sqlite;
  readonly #statement: (sql: string) => Statement;
  readonly #made = new Set<string>();

  constructor(file: string) {
    this.#database = openDatabase(file, 'NORMAL');
    // Positions are 64 bits.
    this.#database.defaultSafeIntegers();
    this.#database.exec(`CREATE TABLE IF NOT EXISTS checkpoints (
      view TEXT PRIMARY KEY, position INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID`);
    this.#statement = statements(this.#database);
  }

  async prepare(view: ViewDefinition): Promise<void> {
    this.#in(view, () => undefined);
  }

  async get(view: ViewDefinition, key: string): Promise<ViewRow | undefined> {
    const [row] = this.#rows(view, `SELECT key, position, value FROM ${tableOf(view)} WHERE key = ?`, [key]);
    return row && present(row)[0];
  }

  async position(view: ViewDefinition, key: string): Promise<Position | undefined> {
    return this.#rows(view, `SELECT key, position, NULL FROM ${tableOf(view)} WHERE key = ?`, [key])[0]?.[1];
  }

  async load(view: ViewDefinition, keys: readonly string[]): Promise<readonly RowChange[]> {
    const sql = `SELECT key, position, value FROM ${tableOf(view)} WHERE key IN (SELECT value FROM json_each(?))`;
    return this.#rows(view, sql, [JSON.stringify(keys)]).map(([key, position, value]) => ({
      key,
      position,
      value: value === null ? undefined : JSON.parse(value),
    }));
  }

  async find(view: ViewDefinition, options: FindOptions): Promise<readonly ViewRow[]> {
    const { sql, bound } = select(view, options);
    return this.#rows(view, sql, bound).flatMap(present);
  }

  /** How SQLite would look for it. */
  explain(view: ViewDefinition, options: FindOptions): string {
    const { sql, bound } = select(view, options);
    return this.#in(view, () =>
      this.#statement(`EXPLAIN QUERY PLAN ${sql}`)
        .all(...bound)
        .join('\n'),
    );
  }

  async apply(view: ViewDefinition, changes: readonly RowChange[], checkpoint: Position): Promise<void> {
    const values = changes.map(({ key, position, value }) => [key, position, value ? JSON.stringify(value) : null]);
    this.#in(view, () =>
      inTransaction(this.#database, () => {
        const single = values.length % rowsAtOnce;
        for (const row of values.slice(0, single)) this.#statement(upsert(view, 1)).run(row);
        for (let start = single; start < values.length; start += rowsAtOnce) {
          this.#statement(upsert(view, rowsAtOnce)).run(values.slice(start, start + rowsAtOnce).flat());
        }
        this.#statement(
          `INSERT INTO checkpoints VALUES (?, ?)
           ON CONFLICT (view) DO UPDATE SET position = excluded.position WHERE excluded.position > position`,
        ).run(tableOf(view), checkpoint);
      }),
    );
  }

  async checkpoint(view: ViewDefinition): Promise<Position | undefined> {
    const sql = 'SELECT view, position, NULL FROM checkpoints WHERE view = ?';
    return this.#rows(view, sql, [tableOf(view)])[0]?.[1];
  }

  async purge(view: ViewDefinition, before: string): Promise<number> {
    return this.#in(view, () => this.#statement(`DELETE FROM ${tableOf(view)} WHERE key < ?`).run(before).changes);
  }

  async drop(view: ViewDefinition): Promise<void> {
    this.#in(view, () =>
      inTransaction(this.#database, () => {
        this.#database.exec(`DROP TABLE ${tableOf(view)}`);
        this.#statement('DELETE FROM checkpoints WHERE view = ?').run(tableOf(view));
        this.#made.delete(tableOf(view));
      }),
    );
  }

  async close(): Promise<void> {
    closeDatabase(this.#database);
  }

  #rows(view: ViewDefinition, sql: string, bound: readonly unknown[]): Stored[] {
    return this.#in(view, () => this.#statement(sql).all(...bound) as Stored[]);
  }

  /** Does the work with the view's table in place. */
  #in<Result>(view: ViewDefinition, work: () => Result): Result {
    try {
      if (!this.#made.has(tableOf(view))) {
        this.#database.exec(createView(view));
        this.#made.add(tableOf(view));
      }
      return work();
    } catch (error) {
      throw storeUnavailable(error);
    }
  }
}
