import { Schema } from 'mongoose';
import type { FindOptions, RowChange, ViewDefinition, ViewRow, ViewValue } from '../../contracts/ports/view-store.ts';

/** A row without a value is a tombstone. */
export interface RowDocument {
  readonly _id: string;
  /** 64 bits; the driver reads it as a number as long as that is exact. */
  readonly position: bigint;
  /**
   * JSON. As a nested document it would not always come back as it was: MongoDB refuses some field names on some ways
   * in (`$set`, `$ref`), the driver takes `_bsontype` and `toBSON` for orders, and dates stay dates.
   */
  readonly value?: string;
  /** The declared fields that are text, so that nothing but text can be equal to the text that is looked for. */
  readonly indexed?: Readonly<Record<string, string>>;
}

/** Where a view's declared fields are, for filters and indexes. */
export const pathOf = (field: string): string => {
  if (!/^\w+$/.test(field)) throw new Error(`${field} can't be indexed`);
  return `indexed.${field}`;
};

/** Of every view's rows: which fields are indexed differs by view, and each view has them in a collection of its own. */
export const rowSchema = new Schema<RowDocument>(
  { _id: String, position: BigInt, value: String, indexed: { type: Map, of: String } },
  { versionKey: false, strict: 'throw', autoIndex: false, autoCreate: false, bufferCommands: false },
);

/** The name and MongoDB's 255 bytes for database and collection leave this much. */
const longestName = 190;

/**
 * One collection a view. What a collection's name can't hold is percent-encoded, and the dot, so that no view is one
 * of the server's own `system.` collections; `%` is encoded too, so that no two views share a collection.
 */
export const collectionOf = ({ name, version }: ViewDefinition): string => {
  const collection = `${encodeURIComponent(name).replaceAll('.', '%2E')}@${version}`;
  if (collection.length > longestName) throw new Error(`${name} is too long for the name of a view`);
  return collection;
};

/**
 * The change as it is stored.
 * @throws TypeError when the value is no JSON
 */
export const documentOf = (view: ViewDefinition, { key, position, value }: RowChange): RowDocument => {
  if (!value) return { _id: key, position };
  const texts = (view.indexes ?? []).flatMap((field) => {
    const text = value[field];
    return typeof text === 'string' ? [[field, text] as const] : [];
  });
  return { _id: key, position, value: JSON.stringify(value), indexed: Object.fromEntries(texts) };
};

/** Exact, in whichever form the driver has read it. */
export const positionOf = ({ position }: { readonly position: unknown }): bigint => BigInt(String(position));

/** What was stored, as it was given. */
export const changeOf = (row: RowDocument): RowChange => ({
  key: row._id,
  position: positionOf(row),
  value: row.value === undefined ? undefined : (JSON.parse(row.value) as ViewValue),
});

/** No tombstone. */
export const isPresent = (change: RowChange): change is ViewRow => change.value !== undefined;

/** The filter for the options, tombstones left out. */
export const filterOf = (view: ViewDefinition, { where, from, before, after, order }: FindOptions) => {
  if (where && !view.indexes?.includes(where.field)) throw new Error(`${view.name} has no index on ${where.field}`);
  const behind = order === 'descending' ? '$lt' : '$gt';
  return {
    $and: [
      { value: { $exists: true } },
      ...(where ? [{ [pathOf(where.field)]: { $eq: where.equals } }] : []),
      ...(from === undefined ? [] : [{ _id: { $gte: from } }]),
      ...(before === undefined ? [] : [{ _id: { $lt: before } }]),
      ...(after === undefined ? [] : [{ _id: { [behind]: after } }]),
    ],
  };
};
