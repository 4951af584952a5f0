import mongoose from 'mongoose';
import { DomainError } from '../../contracts/errors.ts';
import { storeUnavailable } from './mongo-errors.ts';

const { MongoInvalidArgumentError, MongoNetworkError, MongoServerError } = mongoose.mongo;

it('says what the server said, in its short form', () => {
  const cause = new MongoServerError({ message: 'not primary, id ann', code: 10_107, codeName: 'NotWritablePrimary' });
  expect(storeUnavailable(cause)).toMatchObject({ code: 'store-unavailable', detail: 'NotWritablePrimary', cause });
  expect(storeUnavailable(new MongoServerError({ message: 'm', code: 5 }))).toMatchObject({ detail: '5' });
});

it('takes what became of the connection for unavailable, also where the driver says it in the socket’s words', () => {
  const cause = Object.assign(new Error('write ECONNRESET'), { errno: -104, code: 'ECONNRESET', syscall: 'write' });
  expect(storeUnavailable(cause)).toMatchObject({ code: 'store-unavailable', detail: 'ECONNRESET', cause });
  // Node's own, without a system call.
  const ended = Object.assign(new Error('This socket has been ended by the other party'), { code: 'EPIPE' });
  expect(storeUnavailable(ended)).toMatchObject({ code: 'store-unavailable', detail: 'EPIPE', cause: ended });
  expect(storeUnavailable(new MongoNetworkError('cut'))).toMatchObject({
    code: 'store-unavailable',
    detail: 'MongoNetworkError',
  });
});

it('leaves mistakes of the program and errors of the catalogue as they are', () => {
  const typed = Object.assign(new TypeError('no'), { code: 'ERR_INVALID_ARG_TYPE' });
  const others = [
    new TypeError('no'),
    typed,
    new MongoInvalidArgumentError('no'),
    new DomainError('busy'),
    'text',
    undefined,
  ];
  for (const other of others) expect(storeUnavailable(other)).toBe(other);
});
