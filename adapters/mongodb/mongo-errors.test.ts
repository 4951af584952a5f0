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
  expect(storeUnavailable(new MongoNetworkError('cut'))).toMatchObject({
    code: 'store-unavailable',
    detail: 'MongoNetworkError',
  });
});

it('leaves mistakes of the program and errors of the catalogue as they are', () => {
  const others = [new TypeError('no'), new MongoInvalidArgumentError('no'), new DomainError('busy'), 'text', undefined];
  for (const other of others) expect(storeUnavailable(other)).toBe(other);
});
