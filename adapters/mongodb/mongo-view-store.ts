import { type Model, Schema } from 'mongoose';
import type { Position } from '../../contracts/ports/event-store.ts';
import type { FindOptions, RowChange, ViewDefinition, ViewRow, ViewStore } from '../../contracts/ports/view-store.ts';
import type { MongoConnection } from './mongo-connection.ts';
import { isMissingCollection } from './mongo-errors.ts';
import { writeNewer } from './newer-documents.ts';
import {
  changeOf,
  collectionOf,
  documentOf,
  filterOf,
  isPresent,
  pathOf,
  positionOf,
  type RowDocument,
  rowSchema,
} from './view-collection.ts';

interface CheckpointDocument {
  /** The view's collection. */
  readonly _id: string;
  readonly position: bigint;
}

const checkpointSchema = new Schema<CheckpointDocument>(
  { _id: String, position: BigInt },
  { versionKey: false, strict: 'throw', autoIndex: false, autoCreate: false, bufferCommands: false },
);

/** Of one request, so that a slow server still gets somewhere with a large batch before the deadline. */
const rowsAtOnce = 250;

/**
 * Views in MongoDB, a collection each; no transactions, so a single server is enough. Rows are written before the
 * checkpoint, both in the journal of a majority, so that a checkpoint never outlives its rows.
 */
export class MongoViewStore implements ViewStore {
  readonly #connection: MongoConnection;
  readonly #checkpoints: Model<CheckpointDocument>;
  /** Collections whose indexes are there. */
  readonly #prepared = new Set<string>();

  constructor(connection: MongoConnection) {
    this.#connection = connection;
    this.#checkpoints = connection.model('checkpoints', checkpointSchema);
  }

  async prepare(view: ViewDefinition): Promise<void> {
    const fields = view.indexes ?? [];
    const indexes = fields.map((field) => ({
      name: `by ${field}`,
      key: { [pathOf(field)]: 1 as const, _id: 1 as const },
    }));
    const { collection } = this.#rows(view);
    if (indexes.length > 0) await this.#connection.request(() => collection.createIndexes(indexes));
    this.#prepared.add(collection.name);
  }

  async get(view: ViewDefinition, key: string): Promise<ViewRow | undefined> {
    const row = await this.#connection.request(() =>
      this.#rows(view)
        .findOne({ _id: { $eq: key } })
        .lean()
        .exec(),
    );
    const change = row && changeOf(row);
    return change && isPresent(change) ? change : undefined;
  }

  async position(view: ViewDefinition, key: string): Promise<Position | undefined> {
    const find = () =>
      this.#rows(view)
        .findOne({ _id: { $eq: key } }, { position: 1 })
        .lean()
        .exec();
    const row = await this.#connection.request(find);
    return row ? positionOf(row) : undefined;
  }

  async load(view: ViewDefinition, keys: readonly string[]): Promise<readonly RowChange[]> {
    const wanted = [...new Set(keys)];
    if (wanted.length === 0) return [];
    const find = () =>
      this.#rows(view)
        .find({ _id: { $in: wanted } })
        .batchSize(wanted.length)
        .lean()
        .exec();
    return (await this.#connection.request(find)).map(changeOf);
  }

  async find(view: ViewDefinition, options: FindOptions): Promise<readonly ViewRow[]> {
    const filter = filterOf(view, options);
    const { order, limit } = options;
    // To MongoDB no limit.
    if (limit < 1) return [];
    const sort = { _id: order === 'descending' ? (-1 as const) : (1 as const) };
    const find = () => this.#rows(view).find(filter).sort(sort).limit(limit).batchSize(limit).lean().exec();
    return (await this.#connection.request(find)).map(changeOf).filter(isPresent);
  }

  async apply(view: ViewDefinition, changes: readonly RowChange[], checkpoint: Position): Promise<void> {
    const { collection } = this.#rows(view);
    const documents = changes.map((change) => documentOf(view, change));
    if (!this.#prepared.has(collection.name)) await this.prepare(view);
    // Not through the schema: it would take longer than all the rest, and they were made to it just now.
    for (let start = 0; start < documents.length; start += rowsAtOnce) {
      const rows = documents.slice(start, start + rowsAtOnce);
      await this.#connection.request(() => writeNewer(collection, rows));
    }
    const reached = [{ _id: collection.name, position: checkpoint }];
    await this.#connection.request(() => writeNewer(this.#checkpoints.collection, reached));
  }

  async checkpoint(view: ViewDefinition): Promise<Position | undefined> {
    const find = () =>
      this.#checkpoints
        .findOne({ _id: collectionOf(view) })
        .lean()
        .exec();
    const checkpoint = await this.#connection.request(find);
    return checkpoint ? positionOf(checkpoint) : undefined;
  }

  async purge(view: ViewDefinition, before: string): Promise<number> {
    const purge = () =>
      this.#rows(view)
        .deleteMany({ _id: { $lt: before } })
        .exec();
    return (await this.#connection.request(purge)).deletedCount;
  }

  async drop(view: ViewDefinition): Promise<void> {
    const { collection } = this.#rows(view);
    // First, or a crash in between would leave a view that says it is complete and is empty.
    await this.#connection.request(() => this.#checkpoints.deleteOne({ _id: collection.name }).exec());
    await this.#connection.request(() =>
      collection.drop().catch((error) => {
        if (!isMissingCollection(error)) throw error;
      }),
    );
    this.#prepared.delete(collection.name);
  }

  #rows(view: ViewDefinition): Model<RowDocument> {
    return this.#connection.model(collectionOf(view), rowSchema);
  }
}
