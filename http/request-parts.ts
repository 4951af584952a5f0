import express, { type Request, type Response } from 'express';
import type { z } from 'zod';
import { DomainError } from '../contracts/errors.ts';
import { invalid } from './problem.ts';

const largestBody = '16kb';
const json = express.json({ limit: largestBody, strict: false, type: () => true });
const mediaTypes = /^application\/(merge-patch\+)?json\s*(;|$)/i;

/** @throws DomainError 'malformed-json', 'body-too-large', 'unsupported-media-type', 'malformed-request' */
const readJson = (request: Request, response: Response): Promise<unknown> => {
  const type = request.headers['content-type'];
  if (type !== undefined && !mediaTypes.test(type)) throw new DomainError('unsupported-media-type');
  return new Promise((resolve, reject) => {
    json(request, response, (error?: { type?: string; status?: number }) => {
      if (error === undefined) resolve(request.body);
      else reject(bodyFailure(error));
    });
  });
};

const bodyFailure = (error: { type?: string; status?: number }): unknown => {
  switch (error.type) {
    case 'entity.parse.failed':
      return new DomainError('malformed-json');
    case 'entity.too.large':
      return new DomainError('body-too-large', { detail: `at most ${largestBody}` });
    case 'charset.unsupported':
    case 'encoding.unsupported':
      return new DomainError('unsupported-media-type');
    default:
      return error.status !== undefined && error.status < 500 ? new DomainError('malformed-request') : error;
  }
};

/** The body in the operation's shape. @throws DomainError 'validation-failed' and what reading can fail with */
export const bodyOf = async (schema: z.ZodType, request: Request, response: Response): Promise<unknown> =>
  valid(schema, await readJson(request, response), '');

/** A part of the request in its shape. @throws DomainError 'validation-failed' */
export const valid = (schema: z.ZodType, value: unknown, root: '' | '/path' | '/query'): unknown => {
  const { success, data, error } = schema.safeParse(value);
  if (!success) throw invalid(error, root);
  return data;
};

/**
 * The revision in If-Match; undefined when there is none, or `*`.
 * @throws DomainError 'malformed-request'; 'revision-conflict' for a tag that can be none of ours
 */
export const revisionIn = (ifMatch: string | undefined): number | undefined => {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  const [, digits] = /^\s*"(\d{1,15})"\s*$/.exec(ifMatch) ?? [];
  if (digits !== undefined) return Number(digits);
  // RFC 9110 §13.1.1: a weak tag, or one that nobody gave, matches nothing.
  if (/^\s*(W\/)?"[^"]*"(\s*,\s*(W\/)?"[^"]*")*\s*$/.test(ifMatch)) throw new DomainError('revision-conflict');
  const errors = [{ pointer: '/header/If-Match', code: 'invalid_format', detail: 'must be an ETag, in double quotes' }];
  throw new DomainError('malformed-request', { errors });
};

/** @throws DomainError 'malformed-request' */
export const idempotencyKeyIn = (header: string | undefined): string | undefined => {
  if (header === undefined || /^[\x21-\x7e]{1,200}$/.test(header)) return header;
  const detail = 'must be 1 to 200 visible ASCII characters';
  const errors = [{ pointer: '/header/Idempotency-Key', code: 'invalid_format', detail }];
  throw new DomainError('malformed-request', { errors });
};

/** W3C Trace Context; what is malformed is left out, as the standard says. */
export const traceparentIn = (header: string | string[] | undefined): string | undefined =>
  typeof header === 'string' && /^00-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/.test(header)
    ? header
    : undefined;
