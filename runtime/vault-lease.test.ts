import { randomUUID } from 'node:crypto';
import { MemoryVault } from '../adapters/memory/memory-vault.ts';
import { eventually } from '../test/support/eventually.ts';
import { recordingLog } from '../test/support/recording-log.ts';
import { holdLease } from './vault-lease.ts';

const log = recordingLog();
const contend = async (vault: MemoryVault, name: string, durationMs = 300) => {
  const stop = new AbortController();
  const lease = await holdLease({ vault, name, durationMs, log, signal: stop.signal });
  return {
    held: () => lease.held(),
    stop: async () => {
      stop.abort();
      await lease.ended;
    },
  };
};

it('is held by the first at once, by one at a time, and taken over when it is given back', async () => {
  const vault = new MemoryVault();
  const name = randomUUID();
  const first = await contend(vault, name);
  const second = await contend(vault, name);
  expect([first.held(), second.held()]).toEqual([true, false]);
  await first.stop();
  expect(first.held()).toBe(false);
  await eventually(() => second.held());
  await second.stop();
});

it('is taken over from a holder that is not heard of any more, who has stopped believing in it by then', async () => {
  const vault = new MemoryVault();
  const name = randomUUID();
  const lost = await contend(vault, name);
  // As if its process were paused: nothing of it reaches the vault.
  const { replace } = vault;
  vault.replace = async () => false;
  await eventually(() => !lost.held());
  vault.replace = replace.bind(vault);
  const next = await contend(vault, name);
  const holders = () => [next, lost].filter((each) => each.held()).length;
  await eventually(() => {
    expect(holders()).toBeLessThanOrEqual(1);
    return holders() === 1;
  });
  await lost.stop();
  await next.stop();
});

it('is renewed for as long as its holder lives', async () => {
  const vault = new MemoryVault();
  const name = randomUUID();
  const holder = await contend(vault, name, 90);
  const { version: first } = (await vault.get('leases', name))!;
  await eventually(async () => (await vault.get('leases', name))!.version > first + 5);
  await eventually(() => holder.held());
  await holder.stop();
  expect(await vault.get('leases', name)).toBeUndefined();
});
