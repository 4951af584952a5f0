import type { Response } from 'express';
import type { z } from 'zod';
import { DomainError, type FieldError, isDomainError } from '../contracts/errors.ts';

/** A failure as RFC 9457 says it. */
const problemOf = (error: DomainError, reference?: string): Readonly<Record<string, unknown>> => ({
  type: `/docs/problems#${error.code}`,
  title: error.title,
  status: error.status,
  code: error.code,
  detail: error.detail,
  errors: error.errors,
  retriable: error.retriable,
  reference,
});

/** What the catalogue says of a failure; anything it doesn't know is ours, and says no more than a reference. */
export const knownError = (error: unknown): DomainError =>
  isDomainError(error) ? error : new DomainError('internal', { cause: error });

/** What is wrong with a part of the request (the empty root is the body), field by field. */
export const invalid = ({ issues }: z.ZodError, root: '' | '/path' | '/query'): DomainError =>
  new DomainError('validation-failed', {
    errors: issues.flatMap((issue) => fieldErrors(issue, root)).slice(0, mostErrors),
  });

/** A body of many unknown fields shall not be answered by a much larger one. */
const mostErrors = 50;

const fieldErrors = (issue: z.core.$ZodIssue, root: string): FieldError[] => {
  const at = (path: readonly PropertyKey[]) => root + path.map((step) => `/${escapePointer(String(step))}`).join('');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: at([...issue.path, key]),
      code: issue.code,
      detail: 'is not known here',
    }));
  }
  return [{ pointer: at(issue.path), code: issue.code, detail: issue.message }];
};

/** RFC 6901 §3. */
const escapePointer = (step: string) => step.replaceAll('~', '~0').replaceAll('/', '~1');

/** Whoever may come again hears when, also where nobody knows: soon. */
const retryAfterOf = ({ status, retryAfterSeconds }: DomainError): number | undefined =>
  retryAfterSeconds ?? (status === 503 ? 1 : undefined);

/** The headers that go with a failure. */
const problemHeaders = (error: DomainError): Readonly<Record<string, string>> => ({
  'content-type': 'application/problem+json',
  'cache-control': 'no-store',
  ...(retryAfterOf(error) !== undefined && { 'retry-after': String(retryAfterOf(error)) }),
  ...(error.status === 401 && { 'www-authenticate': 'Bearer' }),
});

/** A failure as it goes over the wire. */
export const problemAnswer = (error: DomainError, reference?: string) => ({
  status: error.status,
  headers: problemHeaders(error),
  body: JSON.stringify(problemOf(error, reference)),
});

export const sendProblem = (response: Response, error: DomainError, reference?: string): void => {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, headers, body } = problemAnswer(error, reference);
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
};
