import { PassThrough, Readable } from 'node:stream';
import { collect } from '../../test/support/collect.ts';
import { catchUp, passedAt } from './catch-up.ts';
import type { Link } from './link.ts';
import { StreamNames } from './stream-names.ts';

/** A server that answers every read, and whose one subscription does what it is told. */
const catchingUp = () => {
  const call = Object.assign(new PassThrough({ objectMode: true }), { unsubscribe: async () => {} });
  const readAll = () => Object.assign(Readable.from([]), { cancel: async () => {} });
  const client = { subscribeToAll: () => call, readAll };
  const link = { client, deadlineMs: 20, lost: new AbortController().signal } as unknown as Link;
  const { signal } = new AbortController();
  return { call, items: catchUp({ link, names: new StreamNames(), start: 1n, after: 1n, signal }) };
};

it('gives a subscription up that has died while the server lives', async () => {
  await expect(collect(catchingUp().items)).rejects.toThrow('the subscription has died');
});

it('waits for a subscription that takes its time', async () => {
  const { call, items } = catchingUp();
  setTimeout(() => call.emit('caughtUp'), 30);
  expect(await collect(items)).toEqual([]);
});

it('takes the end of a subscription for a failure: what is behind it has not been seen', async () => {
  const { call, items } = catchingUp();
  call.end();
  await expect(collect(items)).rejects.toThrow('ended');
});

it('passes what the server says that it has passed, and nothing behind it', () => {
  expect(passedAt({ commit: 4_711n, prepare: 4_711n })).toBe(4_711n);
});

it('has not passed the event that will be written where the log ends now', () => {
  expect(passedAt({ commit: 4_711n, prepare: 0n })).toBe(4_710n);
});

it('takes the position beyond all for none: resuming there would skip everything', () => {
  expect(passedAt({ commit: 18_446_744_073_709_551_615n, prepare: 18_446_744_073_709_551_615n })).toBeUndefined();
});
