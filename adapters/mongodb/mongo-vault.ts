import { type Model, Schema } from 'mongoose';
import type { Vault, VaultOptions, VaultRecord } from '../../contracts/ports/vault.ts';
import type { MongoConnection } from './mongo-connection.ts';
import { isDuplicateId } from './mongo-errors.ts';

interface RecordDocument {
  /** `["<collection>","<id>"]`, so that no two records share one. */
  readonly _id: string;
  /** The vault's collection; mongoose keeps the word `collection` for itself. */
  readonly kind: string;
  readonly version: number;
  readonly writtenAt: Date;
  readonly expiresAt?: Date | undefined;
  readonly subject?: string | undefined;
  /** JSON. */
  readonly value: string;
}

const schema = new Schema<RecordDocument>(
  {
    _id: String,
    kind: String,
    version: Number,
    writtenAt: Date,
    expiresAt: Date,
    subject: String,
    value: String,
  },
  { versionKey: false, strict: 'throw', autoIndex: false, autoCreate: false, bufferCommands: false },
);

/** For the server to remove by itself what nobody sweeps. Late, since its clock may be ahead of the asking process's. */
const sweptAfterSeconds = 3_600;

/** So that no request takes longer the more has expired. */
const sweptAtOnce = 500;

const indexes = [
  { name: 'by age', key: { kind: 1, writtenAt: 1 } },
  { name: 'by subject', key: { subject: 1 }, sparse: true },
  { name: 'by expiry', key: { expiresAt: 1 }, sparse: true, expireAfterSeconds: sweptAfterSeconds },
] as const;

const idOf = (collection: string, id: string) => JSON.stringify([collection, id]);

const expired = () => ({ $lte: new Date() });
const current = () => ({ expiresAt: { $not: expired() } });

const recordOf = ({ _id, value, version, writtenAt }: RecordDocument): VaultRecord => ({
  id: (JSON.parse(_id) as [collection: string, id: string])[1],
  value: JSON.parse(value),
  version,
  writtenAt,
});

const documentOf = (collection: string, id: string, version: number, value: unknown, options: VaultOptions) => ({
  _id: idOf(collection, id),
  kind: collection,
  version,
  writtenAt: new Date(),
  value: JSON.stringify(value),
  ...(options.expiresAt && { expiresAt: options.expiresAt }),
  ...(options.subject !== undefined && { subject: options.subject }),
});

/**
 * Records in one MongoDB collection. Every write is one operation on one document, which MongoDB does whole or not at
 * all, and is in the journal of a majority when it returns.
 */
export class MongoVault implements Vault {
  readonly #connection: MongoConnection;
  readonly #records: Model<RecordDocument>;
  #indexed = false;

  constructor(connection: MongoConnection) {
    this.#connection = connection;
    this.#records = connection.model('records', schema);
  }

  async get(collection: string, id: string): Promise<VaultRecord | undefined> {
    const find = () =>
      this.#records
        .findOne({ _id: idOf(collection, id), ...current() })
        .lean()
        .exec();
    const found = await this.#connection.request(find);
    return found ? recordOf(found) : undefined;
  }

  async insert(collection: string, id: string, value: unknown, options: VaultOptions = {}): Promise<boolean> {
    const document = documentOf(collection, id, 0, value, options);
    // Over one that has expired, else beside none: where there is a current one the insert meets its `_id`.
    return this.#request(async () => {
      try {
        const filter = { _id: document._id, expiresAt: expired() };
        await this.#records.replaceOne(filter, document, { upsert: true }).exec();
        return true;
      } catch (error) {
        if (isDuplicateId(error)) return false;
        throw error;
      }
    });
  }

  async replace(
    collection: string,
    id: string,
    version: number,
    value: unknown,
    options: VaultOptions = {},
  ): Promise<boolean> {
    const document = documentOf(collection, id, version + 1, value, options);
    const filter = { _id: document._id, version, ...current() };
    const { matchedCount } = await this.#request(() => this.#records.replaceOne(filter, document).exec());
    return matchedCount === 1;
  }

  async remove(collection: string, id: string, version?: number): Promise<boolean> {
    const filter = { _id: idOf(collection, id), ...(version !== undefined && { version }) };
    const { deletedCount } = await this.#request(() => this.#records.deleteOne(filter).exec());
    return deletedCount === 1;
  }

  async removeSubject(subject: string): Promise<void> {
    await this.#request(() => this.#records.deleteMany({ subject: { $eq: subject } }).exec());
  }

  async list(collection: string, before: Date, limit: number): Promise<readonly VaultRecord[]> {
    // To MongoDB no limit.
    if (limit < 1) return [];
    const filter = { kind: { $eq: collection }, writtenAt: { $lt: before }, ...current() };
    const find = () => this.#records.find(filter).sort({ writtenAt: 1 }).limit(limit).batchSize(limit).lean().exec();
    return (await this.#connection.request(find)).map(recordOf);
  }

  async sweep(): Promise<number> {
    let swept = 0;
    for (;;) {
      const find = () => this.#records.find({ expiresAt: expired() }, { _id: 1 }).limit(sweptAtOnce).lean().exec();
      const ids = (await this.#request(find)).map(({ _id }) => _id);
      if (ids.length === 0) return swept;
      const remove = () => this.#records.deleteMany({ _id: { $in: ids }, expiresAt: expired() }).exec();
      swept += (await this.#request(remove)).deletedCount;
    }
  }

  /** Does it with the indexes in place. */
  async #request<Result>(send: () => Promise<Result>): Promise<Result> {
    if (!this.#indexed) {
      await this.#connection.request(() => this.#records.collection.createIndexes([...indexes]));
      this.#indexed = true;
    }
    return this.#connection.request(send);
  }
}
