import { randomUUID } from 'node:crypto';
import { isDomainError } from '../../contracts/errors.ts';
import type { Position } from '../../contracts/ports/event-store.ts';
import { appendOutcome } from './append-outcome.ts';
import { appendRequest } from './append-request.ts';
import type { Link } from './link.ts';
import { first } from './pull.ts';
import { readStream } from './read-stream.ts';

export interface Identity {
  readonly id: string;
  /** Everything that this store's port ever wrote is behind it. */
  readonly position: Position;
}

/**
 * What the store was named by whoever opened it first.
 * @throws DomainError 'store-unavailable'; Error when the name has been deleted
 */
export const identityOf = async (link: Link, name: string): Promise<Identity> => {
  const found = (await read(link, name)) ?? (await settle(link, name));
  if (!found) throw new Error(`the stream ${name} has been deleted, so that nobody knows which store this is`);
  return found;
};

const read = async (link: Link, name: string): Promise<Identity | undefined> => {
  const named = await first(readStream(link, { name, stream: name, from: 0, maxCount: 1 }));
  return named && { id: (named.data as { readonly id: string }).id, position: named.position };
};

const settle = async (link: Link, name: string): Promise<Identity | undefined> => {
  const metadata = { actor: 'event-store', commandId: randomUUID(), correlationId: randomUUID() };
  const event = { id: randomUUID(), type: 'store.named', data: { id: randomUUID() }, metadata };
  const { id, request } = appendRequest(name, 'none', [event], new Date());
  try {
    appendOutcome(await link.append(id, request));
  } catch (error) {
    // Somebody else was first.
    if (!isDomainError(error, 'revision-conflict')) throw error;
  }
  return read(link, name);
};
