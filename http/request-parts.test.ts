import { z } from 'zod';
import { DomainError } from '../contracts/errors.ts';
import { idempotencyKeyIn, revisionIn, traceparentIn, valid } from './request-parts.ts';

const failureOf = (work: () => unknown): DomainError => {
  try {
    work();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error('it did not fail');
};

it.each([
  [undefined, undefined],
  ['*', undefined],
  [' * ', undefined],
  ['"0"', 0],
  [' "17" ', 17],
])('If-Match %p means the revision %p', (header, revision) => {
  expect(revisionIn(header)).toBe(revision);
});

it.each(['""', '"x"', 'W/"1"', '"1", "2"', '"1","2",W/"3"', '"99999999999999999999"'])(
  'If-Match %s matches nothing of ours',
  (header) => expect(failureOf(() => revisionIn(header)).code).toBe('revision-conflict'),
);

it.each(['', '1', '"1', 'W/1', '"1" "2"', '"1",', '*,"1"'])('If-Match %p is malformed', (header) => {
  expect(failureOf(() => revisionIn(header)).code).toBe('malformed-request');
});

it.each(['a', '7f3c-11', '!~', 'x'.repeat(200)])('%s is an Idempotency-Key', (key) => {
  expect(idempotencyKeyIn(key)).toBe(key);
});

it.each(['', ' ', 'a b', 'a\tb', 'é', 'x'.repeat(201)])('%p is no Idempotency-Key', (key) => {
  expect(failureOf(() => idempotencyKeyIn(key)).errors).toMatchObject([{ pointer: '/header/Idempotency-Key' }]);
});

const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
it.each([
  [trace, trace],
  [trace.toUpperCase(), undefined],
  [trace.replace('4bf92f3577b34da6a3ce929d0e0e4736', '0'.repeat(32)), undefined],
  [trace.replace('00f067aa0ba902b7', '0'.repeat(16)), undefined],
  [`${trace}-more`, undefined],
  [`ff${trace.slice(2)}`, undefined],
  [[trace, trace], undefined],
  [undefined, undefined],
])('traceparent %p is taken as %p', (header, taken) => {
  expect(traceparentIn(header)).toBe(taken);
});

it('points at what is wrong, where it is', () => {
  const schema = z.strictObject({ 'a/b': z.strictObject({ '~': z.array(z.number()) }) });
  const value = { 'a/b': { '~': [1, 'two'], more: 1 } };
  expect(
    failureOf(() => valid(schema, value, '/query'))
      .errors?.map(({ pointer }) => pointer)
      .sort(),
  ).toEqual(['/query/a~1b/more', '/query/a~1b/~0/1']);
});

it('refuses an own __proto__ and leaves the prototype alone', () => {
  const schema = z.strictObject({ a: z.number() });
  expect(failureOf(() => valid(schema, JSON.parse('{"a":1,"__proto__":{"b":2}}'), '')).errors).toMatchObject([
    { pointer: '/__proto__', code: 'unrecognized_keys' },
  ]);
  expect(({} as { b?: number }).b).toBeUndefined();
});
