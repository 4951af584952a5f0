import { createHash } from 'node:crypto';
import { ObjectId } from '@agendajs/mongo-backend';

/** What is kept of a job; in agenda's own fields where it has one, so that its tools can show it. */
export interface JobDocument {
  readonly _id: ObjectId;
  readonly name: string;
  readonly type: 'single';
  readonly priority: 0;
  /** For who looks: each process reckons by its own interval. */
  readonly nextRunAt: Date;
  readonly lastRunAt: Date | null;
  readonly lastFinishedAt: Date | null;
  /** When the lock was last renewed. Null when nobody has it. */
  readonly lockedAt: Date | null;
  /** Who has the lock, or had it last. */
  readonly lastModifiedBy: string | null;
  /** The last moment that a run is done for. */
  readonly data: { readonly momentMs: number };
}

/** The same for all who share the job: a second document of one name can't come to be. */
export const idOf = (name: string): ObjectId =>
  new ObjectId(createHash('sha256').update(name).digest().subarray(0, 12));

/** Of a job that has never run. */
export const newDocument = (name: string): Omit<JobDocument, '_id'> => ({
  name,
  type: 'single',
  priority: 0,
  nextRunAt: new Date(),
  lastRunAt: null,
  lastFinishedAt: null,
  lockedAt: null,
  lastModifiedBy: null,
  data: { momentMs: 0 },
});
