import mongoose from 'mongoose';
import { DomainError } from '../../contracts/errors.ts';

const { MongoBulkWriteError, MongoError, MongoInvalidArgumentError, MongoServerError } = mongoose.mongo;

const duplicateKey = 11_000;

/** For whoever asks after `close()`, or was asking then. */
export const closedError = (cause?: unknown): DomainError =>
  new DomainError('store-unavailable', { detail: 'it is closed', cause });

/**
 * A socket's own error, which the driver sometimes passes on as it is: of the system (`ECONNRESET`), or of Node, which
 * has heard before that the other side is gone (`EPIPE` without a system call, `ERR_STREAM_DESTROYED`).
 */
const isOfSocket = (error: unknown): error is NodeJS.ErrnoException => {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' && (/^E[A-Z]+$/.test(code) || code.startsWith('ERR_STREAM_'));
};

const isOfDriver = (error: unknown): error is Error =>
  error instanceof MongoError || error instanceof mongoose.Error.MongooseServerSelectionError;

/** What MongoDB or its driver gave up on in the catalogue's words; an argument that they would never take stays as it is. */
export const storeUnavailable = (error: unknown): unknown => {
  if (isOfSocket(error)) return new DomainError('store-unavailable', { detail: error.code, cause: error });
  if (error instanceof MongoInvalidArgumentError || !isOfDriver(error)) return error;
  const detail = error instanceof MongoServerError ? String(error.codeName ?? error.code ?? error.name) : error.name;
  return new DomainError('store-unavailable', { detail, cause: error });
};

const isOfId = (message: string | undefined) => message?.includes('index: _id_ ') === true;

/** There is a document of this `_id` already. */
export const isDuplicateId = (error: unknown): boolean =>
  error instanceof MongoServerError && error.code === duplicateKey && isOfId(error.message);

/** Which of an unordered bulk's operations met a document of their `_id`; undefined when anything else went wrong too. */
export const duplicateIdsIn = (error: unknown): readonly number[] | undefined => {
  if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError()) return undefined;
  const failed = [error.writeErrors].flat();
  const alike = failed.every(({ code, errmsg }) => code === duplicateKey && isOfId(errmsg));
  return failed.length > 0 && alike ? failed.map(({ index }) => index) : undefined;
};

/** Said by servers before 7.0 when a collection is dropped that is not there. */
export const isMissingCollection = (error: unknown): boolean =>
  error instanceof MongoServerError && error.message.includes('ns not found');
