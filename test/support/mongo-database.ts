import { randomUUID } from 'node:crypto';
import mongoose, { type Connection } from 'mongoose';

export interface MongoDatabase {
  readonly name: string;
  /** What really lies in it. */
  documents(collection: string): Promise<readonly Record<string, unknown>[]>;
  /** The driver's own way in. */
  raw(): Promise<Connection>;
  /** Drops it. */
  remove(): Promise<void>;
}

/** A database of this test's own on the server. */
export const temporaryDatabase = (url: string): MongoDatabase => {
  const name = `test-${randomUUID()}`;
  let opened: Promise<Connection> | undefined;
  const raw = () => {
    opened ??= mongoose.createConnection(url, { dbName: name }).asPromise();
    return opened;
  };
  return {
    name,
    raw,
    documents: async (collection) => (await raw()).collection(collection).find().sort({ _id: 1 }).toArray(),
    remove: async () => {
      const connection = await raw();
      await connection.dropDatabase();
      await connection.destroy();
    },
  };
};

/** Whether it is MongoDB's own server, which orders text by its bytes; stand-ins do it by UTF-16. */
export const isMongod = async (url: string): Promise<boolean> => {
  const connection = await mongoose.createConnection(url).asPromise();
  const build = await connection.db!.command({ buildInfo: 1 });
  await connection.destroy();
  return 'storageEngines' in build;
};
