import type { Collection } from 'mongoose';
import { duplicateIdsIn } from './mongo-errors.ts';

/** Anything that never goes back: the document of an `_id` with the highest position stays. */
interface Positioned {
  readonly _id: string;
  readonly position: bigint;
}

const replacements = (documents: readonly Positioned[], upsert: boolean) =>
  documents.map((document) => ({
    replaceOne: {
      filter: { _id: document._id, position: { $lt: document.position } },
      replacement: document,
      upsert,
    },
  }));

/**
 * Writes each document where the one that is there is older, or none is; of several with one `_id` the newest stays.
 *
 * An upsert that meets a document which is not older tries to insert, and is refused as a duplicate. So is one whose
 * rival has just inserted an older one: both saw nothing there. So what was refused is sent once more, now only over
 * what is there.
 */
export const writeNewer = async (collection: Collection, documents: readonly Positioned[]): Promise<void> => {
  try {
    await collection.bulkWrite(replacements(documents, true) as never, { ordered: false });
  } catch (error) {
    const refused = duplicateIdsIn(error);
    if (!refused) throw error;
    const again = refused.map((index) => documents[index]!);
    await collection.bulkWrite(replacements(again, false) as never, { ordered: false });
  }
};
