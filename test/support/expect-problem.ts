import { describeError, type ErrorCode, errorCodes } from '../../contracts/errors.ts';
import type { Answer } from './standalone.ts';

/** Words that only the inside of a server knows. */
const internals = /node_modules|SQLITE|ZodError|DomainError|\bat .+:\d+:\d+|\.ts\b/;

/** Checks that this is a failure as RFC 9457 and the catalogue say it, and that nothing of the inside shows. */
export const expectProblem = (
  { status, headers, body }: Answer,
  code?: ErrorCode,
  pointers?: readonly string[],
): void => {
  expect({ status, type: headers.get('content-type'), code: body.code }).toEqual({
    status: expect.any(Number),
    type: 'application/problem+json',
    code: code ?? expect.any(String),
  });
  expect(errorCodes).toContain(body.code);
  const known = describeError(body.code);
  expect({ ...body, http: status }).toMatchObject({ ...known, http: known.status });
  expect(headers.get('cache-control')).toBe('no-store');
  expect(JSON.stringify(body)).not.toMatch(internals);
  if (status === 503) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  if (pointers) {
    const named = new Set(body.errors.map(({ pointer }: { pointer: string }) => pointer));
    expect([...named].sort()).toEqual(pointers.toSorted());
  }
  if (body.code === 'validation-failed') expect(body.errors.length).toBeGreaterThan(0);
};
