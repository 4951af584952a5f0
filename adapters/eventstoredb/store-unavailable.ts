import { DomainError } from '../../contracts/errors.ts';

/** gRPC's status codes that say that the server looked at a request and will have none of it. */
const [unknown, invalidArgument] = [2, 3];

/**
 * What the client throws, in the catalogue's words. Its own, which name addresses inside, are for the log: anybody may
 * get to see the detail.
 */
export const storeUnavailable = (error: unknown): DomainError =>
  error instanceof DomainError
    ? error
    : new DomainError('store-unavailable', { detail: 'the event store does not answer', cause: error });

export const noAnswer = (deadlineMs: number): DomainError =>
  new DomainError('store-unavailable', { detail: `no answer within ${deadlineMs} ms` });

export const closedError = (): DomainError => new DomainError('store-unavailable', { detail: 'it is closed' });

const typeOf = (error: unknown): unknown => (error as { readonly type?: unknown } | undefined)?.type;
const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown } | undefined)?.code;

/** There is no such stream, or there is none any more. */
export const isMissingStream = (error: unknown): boolean =>
  typeOf(error) === 'stream-not-found' || typeOf(error) === 'stream-deleted';

/** The server refuses to read from a position that is no record's; some calls say so as an unknown error. */
export const isRefusedPosition = (error: unknown): boolean =>
  codeOf(error) === unknown || codeOf(error) === invalidArgument;
