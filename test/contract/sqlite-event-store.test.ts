import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { SqliteEventStore } from '../../adapters/sqlite/sqlite-event-store.ts';
import type { NewEvent } from '../../contracts/ports/event-store.ts';
import { startChild } from '../support/child-process.ts';
import { collect } from '../support/collect.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { eventStoreContract } from './event-store.contract.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());
const newFile = () => join(directory.path, `${randomUUID()}.db`);

const event = (data: unknown = {}): NewEvent => ({
  id: randomUUID(),
  type: 'user.created',
  data,
  metadata: { actor: 'test', commandId: randomUUID(), correlationId: 'test' },
});

eventStoreContract('sqlite', async () => {
  const store = new SqliteEventStore(newFile());
  return { store, close: () => store.close() };
});

it('has everything when it is opened again, and its name', async () => {
  const file = newFile();
  const before = new SqliteEventStore(file);
  await before.append('user-1', 'none', [event({ name: 'Ann' }), event()]);
  const written = await collect(before.read('user-1'));
  await before.close();

  const after = new SqliteEventStore(file);
  expect(await collect(after.read('user-1'))).toEqual(written);
  expect([after.id, await after.head()]).toEqual([before.id, 2n]);
  await after.close();
});

it('answers a full disk as an error, with nothing half written, and goes on when there is room', async () => {
  const store = new SqliteEventStore(newFile(), { largestPages: 40 });
  const big = () => event({ text: 'x'.repeat(10_000) });
  const outcomes = await Promise.allSettled(
    Array.from({ length: 60 }, (_, index) => store.append(`user-${index}`, 'none', [big(), big()])),
  );
  for (let index = 0; index < 20; index++) {
    outcomes.push(...(await Promise.allSettled([store.append(`late-${index}`, 'none', [big(), big()])])));
  }
  const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(failed.length).toBeGreaterThan(0);
  for (const { reason } of failed) expect(reason).toMatchObject({ code: 'store-unavailable', retriable: true });

  const kept = outcomes.length - failed.length;
  expect(kept).toBeGreaterThan(0);
  expect(await store.head()).toBe(BigInt(kept * 2));
  await expect(store.append('small-1', 'none', [event()])).resolves.toMatchObject({ revision: 0 });
  await store.close();
});

it('has everything it acknowledged, and whole batches only, after kill -9 in the middle of writing', async () => {
  const file = newFile();
  for (let round = 0; round < 3; round++) {
    const child = startChild('append-until-killed', [file, String(round)]);
    const acknowledged: string[] = [];
    for await (const line of child.lines) {
      acknowledged.push(line);
      if (acknowledged.length === 300) child.kill();
    }
    expect(await child.ended).toBe('SIGKILL');

    const store = new SqliteEventStore(file);
    for (const stream of acknowledged) expect(await collect(store.read(stream))).toHaveLength(3);
    const all = await collect(store.subscribe({ signal: AbortSignal.timeout(500) }));
    expect(all.filter(({ type }) => type === 'event').length % 3).toBe(0);
    await store.close();
  }
});

it('says that it is closed to whoever comes later, instead of taking the process down', async () => {
  const store = new SqliteEventStore(newFile());
  await store.close();
  const unavailable = { code: 'store-unavailable' };
  await expect(store.append('user-1', 'none', [event()])).rejects.toMatchObject(unavailable);
  await expect(store.readLast('user-1')).rejects.toMatchObject(unavailable);
  await expect(collect(store.read('user-1'))).rejects.toMatchObject(unavailable);
});
