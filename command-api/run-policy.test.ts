import { randomUUID } from 'node:crypto';
import { MemoryEventStore } from '../adapters/memory/memory-event-store.ts';
import { MemoryVault } from '../adapters/memory/memory-vault.ts';
import { DomainError } from '../contracts/errors.ts';
import type { Policy } from '../contracts/policy.ts';
import type { NewEvent } from '../contracts/ports/event-store.ts';
import { eventually } from '../test/support/eventually.ts';
import { recordingLog } from '../test/support/recording-log.ts';
import { parkedByPolicies, retryParked, runPolicy } from './run-policy.ts';

const event = (data: unknown = {}): NewEvent => ({
  id: randomUUID(),
  type: 'thing.happened',
  data,
  metadata: { actor: 'test', commandId: randomUUID(), correlationId: 'test' },
});

const newSetting = () => {
  const events = new MemoryEventStore();
  const vault = new MemoryVault();
  const log = recordingLog();
  const seen: string[] = [];
  let react = async (_data: unknown) => {};
  const policy: Policy = {
    name: 'test',
    streams: ['thing-'],
    on: {
      'thing.happened': async ({ stream, revision, data }) => {
        await react(data);
        seen.push(`${stream}@${revision}`);
      },
    },
  };
  let leading = true;
  /** How often it was asked for the lease in vain. */
  const asked = { without: 0 };
  let losing = false;
  const lease = {
    held: () => {
      const held = leading && !losing;
      losing = false;
      if (!held) asked.without++;
      return held;
    },
  };
  const start = () => {
    const stop = new AbortController();
    const ended = runPolicy({ policy, events, vault, lease, log, signal: stop.signal });
    return async () => {
      stop.abort();
      await ended;
    };
  };
  return {
    events,
    vault,
    policy,
    seen,
    log,
    asked,
    start,
    reactWith: (reaction: typeof react) => {
      react = reaction;
    },
    lead: (yes: boolean) => {
      leading = yes;
    },
    /** The next time that it is asked for. */
    loseOnce: () => {
      losing = true;
    },
  };
};

it('reacts to what is there and to what comes, in order, and passes over the rest', async () => {
  const { events, seen, start } = newSetting();
  await events.append('thing-1', 'none', [event(), { ...event(), type: 'thing.ignored' }]);
  await events.append('other-1', 'none', [event()]);
  const stop = start();
  await eventually(() => seen.length === 1);
  await events.append('thing-1', 1, [event()]);
  await eventually(() => seen.length === 2);
  await stop();
  expect(seen).toEqual(['thing-1@0', 'thing-1@2']);
});

it('goes on where it was stopped', async () => {
  const { events, seen, start } = newSetting();
  await events.append('thing-1', 'none', [event()]);
  const stop = start();
  await eventually(() => seen.length === 1);
  await events.append('thing-1', 0, [event()]);
  await eventually(() => seen.length === 2);
  await stop();
  const stopAgain = start();
  await events.append('thing-1', 1, [event()]);
  await eventually(() => seen.length >= 3);
  await stopAgain();
  expect(seen).toEqual(['thing-1@0', 'thing-1@1', 'thing-1@2']);
});

it('parks a stream whose event fails again and again, lets the others go on, and takes it up when asked', async () => {
  const { events, vault, policy, seen, log, start, reactWith } = newSetting();
  reactWith(async (data) => {
    if ((data as { bad?: boolean }).bad) throw new Error('can’t be done');
  });
  await events.append('thing-1', 'none', [event(), event({ bad: true }), event()]);
  await events.append('thing-2', 'none', [event()]);
  const stop = start();
  await eventually(() => seen.includes('thing-2@0'));
  expect(seen).toEqual(['thing-1@0', 'thing-2@0']);
  expect(log.lines.some(({ message }) => message.includes('parked'))).toBe(true);
  await stop();
  await eventually(async () => (await parkedByPolicies(vault)) === 1);

  await expect(retryParked({ policy, events, vault }, 'thing-1')).rejects.toThrow('can’t be done');
  reactWith(async () => {});
  expect(await retryParked({ policy, events, vault }, 'thing-1')).toBe(2);
  expect(seen).toEqual(['thing-1@0', 'thing-2@0', 'thing-1@1', 'thing-1@2']);
  expect(await retryParked({ policy, events, vault }, 'thing-1')).toBe(0);
  expect(await parkedByPolicies(vault)).toBe(0);
});

it('waits for a store that is away instead of parking', async () => {
  const { events, seen, start, reactWith } = newSetting();
  // More often than a reaction may fail.
  let away = 6;
  reactWith(async () => {
    if (away-- > 0) throw new DomainError('store-unavailable');
  });
  await events.append('thing-1', 'none', [event()]);
  const stop = start();
  await eventually(() => seen.length === 1, 15_000);
  await stop();
});

it('acts only while it holds the lease', async () => {
  const { events, seen, start, lead } = newSetting();
  lead(false);
  await events.append('thing-1', 'none', [event()]);
  const stop = start();
  expect(seen).toEqual([]);
  lead(true);
  await eventually(() => seen.length === 1);
  await stop();
});

it('lets go at once when the lease is lost while it follows', async () => {
  const { events, seen, start, lead, asked, reactWith } = newSetting();
  await events.append('thing-1', 'none', [event(), event(), event()]);
  reactWith(async () => {
    reactWith(async () => {});
    lead(false);
  });
  const stop = start();
  await eventually(() => seen.length > 1 || asked.without >= 2);
  expect(seen).toEqual(['thing-1@0']);
  lead(true);
  await eventually(() => seen.includes('thing-1@2'));
  await stop();
});

it('frees its subscription when the lease is lost though nothing happens, and takes it up again', async () => {
  const { events, seen, start, lead } = newSetting();
  const open = new Set<AbortSignal>();
  const subscribe = events.subscribe.bind(events);
  events.subscribe = async function* (options) {
    open.add(options.signal);
    yield* subscribe(options);
    open.delete(options.signal);
  };
  await events.append('thing-1', 'none', [event()]);
  const stop = start();
  await eventually(() => seen.length === 1);
  expect(open.size).toBe(1);
  lead(false);
  await eventually(() => open.size === 0);
  lead(true);
  await eventually(() => open.size === 1);
  await stop();
  expect(open.size).toBe(0);
});

it('does not park what it failed on after it had lost the lease, and leaves it to the next holder', async () => {
  const { events, vault, seen, log, asked, start, lead, reactWith } = newSetting();
  let failed = 0;
  reactWith(async () => {
    // In the last try that it has.
    if (++failed === 5) lead(false);
    throw new Error('another one was faster');
  });
  await events.append('thing-1', 'none', [event(), event()]);
  const stop = start();
  await eventually(() => asked.without >= 2);
  reactWith(async () => {});
  lead(true);
  await eventually(() => seen.length === 2);
  await stop();
  expect(seen).toEqual(['thing-1@0', 'thing-1@1']);
  expect(await parkedByPolicies(vault)).toBe(0);
  expect(log.lines).toEqual([]);
});

it('passes over no event when the lease is lost for a moment only', async () => {
  const { events, seen, loseOnce, start, reactWith } = newSetting();
  reactWith(async () => {
    reactWith(async () => {});
    loseOnce();
    throw new Error('not yet');
  });
  await events.append('thing-1', 'none', [event(), event()]);
  const stop = start();
  await eventually(() => seen.includes('thing-1@1'));
  await stop();
  expect(seen).toEqual(['thing-1@0', 'thing-1@1']);
});

it('never puts the checkpoint back behind where another process has got', async () => {
  const { events, seen, start, reactWith } = newSetting();
  const noted: string[] = [];
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  await events.append('thing-1', 'none', [event()]);
  const stopSlow = start();
  await eventually(() => seen.length === 1);
  reactWith(() => {
    noted.push('held');
    return held;
  });
  await events.append('thing-1', 0, [event()]);
  await eventually(() => noted.length === 1);

  reactWith(async () => {});
  const stopFast = start();
  await eventually(() => seen.length === 3);
  await stopFast();
  const slowStopped = stopSlow();
  letGo();
  await slowStopped;
  expect(seen).toEqual(['thing-1@0', 'thing-1@0', 'thing-1@1', 'thing-1@1']);

  const stop = start();
  await events.append('thing-1', 1, [event()]);
  await eventually(() => seen.includes('thing-1@2'));
  await stop();
  expect(seen.slice(4)).toEqual(['thing-1@2']);
});
