import { z } from 'zod';

/** What the bus carries and the `notices` view keeps: who is to hear of what, and since which position it can be read. */
export const Notice = z.object({
  /** Of the event that it tells of. */
  id: z.uuid(),
  type: z.enum(['user.created', 'user.updated', 'user.deleted', 'price.updated']),
  /** When the event was recorded, ISO 8601. */
  time: z.iso.datetime(),
  /** Decimal digits. */
  position: z.string().regex(/^\d+$/),
  /** A user id, or `<source>/<SYMBOL>`. */
  subject: z.string(),
});
export type Notice = z.output<typeof Notice>;

/** A notice as a socket gets it. `data` is the resource as it reads at `position` or later; only `{id}` for a deleted user or a bare notice. */
export interface SocketNotice extends Notice {
  readonly data: Readonly<Record<string, unknown>>;
}

/** Sent once after the connection: the cursor that this socket's notices begin behind. */
export interface SocketReady {
  readonly cursor: string;
}

/** What happened since the socket's cursor can't be told notice by notice: read again; notices go on behind `cursor`. */
export interface SocketResync {
  readonly reason: 'store-replaced' | 'too-old' | 'too-many' | 'ahead';
  readonly cursor: string;
}

/** Why something was refused, or why the socket is about to be closed. */
export interface SocketProblem {
  /** Of the catalogue of errors. */
  readonly code: string;
  readonly title: string;
}
