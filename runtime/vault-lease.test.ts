import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { MemoryVault } from '../adapters/memory/memory-vault.ts';
import { DomainError } from '../contracts/errors.ts';
import { eventually } from '../test/support/eventually.ts';
import { recordingLog } from '../test/support/recording-log.ts';
import { LeaseRecord } from './lease-record.ts';
import { holdLease } from './vault-lease.ts';

/** Long beside what a busy machine may stall a process for. */
const durationMs = 900;

/** A vault as one process sees it: away when told to, or taking writes and losing the answer. */
class View extends MemoryVault {
  readonly #shared: MemoryVault;
  trouble: 'none' | 'away' | 'answers lost' | 'hangs' = 'none';
  /** Lets go what hangs. */
  proceed = () => {};
  constructor(shared: MemoryVault) {
    super();
    this.#shared = shared;
  }
  override get = (...given: Parameters<MemoryVault['get']>) => this.#ask(() => this.#shared.get(...given));
  override insert = (...given: Parameters<MemoryVault['insert']>) => this.#ask(() => this.#shared.insert(...given));
  override replace = (...given: Parameters<MemoryVault['replace']>) => this.#ask(() => this.#shared.replace(...given));
  override remove = (...given: Parameters<MemoryVault['remove']>) => this.#ask(() => this.#shared.remove(...given));

  async #ask<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    if (this.trouble === 'away') throw new DomainError('store-unavailable');
    const answer = await ask();
    if (this.trouble === 'hangs') await new Promise<void>((resolve) => this.#hang(resolve));
    if (this.trouble === 'answers lost' && typeof answer === 'boolean') throw new DomainError('store-unavailable');
    return answer;
  }
  #hang(proceed: () => void) {
    this.proceed = proceed;
  }
}

const newSetting = () => {
  const shared = new MemoryVault();
  const name = randomUUID();
  const contend = async () => {
    const stop = new AbortController();
    const vault = new View(shared);
    const log = recordingLog();
    const lease = await holdLease({ vault, name, durationMs, log, signal: stop.signal });
    const contender = {
      ...{ vault, log, stop },
      held: () => lease.held(),
      end: async () => {
        vault.trouble = 'none';
        vault.proceed();
        stop.abort();
        await lease.ended;
      },
    };
    contenders.push(contender);
    return contender;
  };
  return { shared, name, contend, version: async () => (await shared.get('leases', name))!.version };
};
const contenders: { end(): Promise<void> }[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(contenders.splice(0).map((contender) => contender.end()));
});
type Contender = Awaited<ReturnType<ReturnType<typeof newSetting>['contend']>>;

/** Waits until `next` holds it, and makes sure that the two never did at once. */
const takenOver = (lost: Contender, next: Contender) =>
  eventually(() => {
    expect(lost.held() && next.held()).toBe(false);
    return next.held();
  });

it('is held by the first at once, by one at a time, and taken over when it is given back', async () => {
  const { contend } = newSetting();
  const first = await contend();
  const second = await contend();
  expect([first.held(), second.held()]).toEqual([true, false]);
  const givenBackMs = performance.now();
  await first.end();
  expect(first.held()).toBe(false);
  await eventually(() => second.held());
  expect(performance.now() - givenBackMs).toBeLessThan(durationMs / 2);
  expect(second.log.lines.map(({ message }) => message)).toEqual(['lease taken']);
});

it('is renewed for as long as its holder lives, and leaves nothing behind', async () => {
  const { shared, name, contend, version } = newSetting();
  const holder = await contend();
  const other = await contend();
  await eventually(async () => {
    expect(other.held()).toBe(false);
    return (await version()) > 4;
  });
  await other.end();
  await eventually(() => holder.held());
  await holder.end();
  expect(await shared.get('leases', name)).toBeUndefined();
});

it.each(['away', 'hangs'] as const)(
  'passes from a holder whose vault %s, who stops believing before',
  async (trouble) => {
    const { contend, name } = newSetting();
    const lost = await contend();
    const next = await contend();
    lost.vault.trouble = trouble;
    await takenOver(lost, next);
    lost.vault.trouble = 'none';
    lost.vault.proceed();
    await eventually(() => lost.log.lines.some(({ message }) => message === 'lease lost'));
    expect([lost.held(), next.held()]).toEqual([false, true]);
    if (trouble === 'away') expect(lost.log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    await lost.end();
    expect(await next.vault.get('leases', name)).toBeDefined();
    expect(next.held()).toBe(true);
  },
);

it('is not taken over before it has been seen unchanged for the whole duration', async () => {
  const { contend } = newSetting();
  const lost = await contend();
  lost.vault.trouble = 'away';
  const seenMs = performance.now();
  const next = await contend();
  await takenOver(lost, next);
  expect(performance.now() - seenMs).toBeGreaterThanOrEqual(durationMs);
});

it('stays with a holder who does not hear that its writes were taken', async () => {
  const { contend, version } = newSetting();
  const holder = await contend();
  const other = await contend();
  holder.vault.trouble = 'answers lost';
  const before = await version();
  await eventually(async () => (await version()) > before);
  holder.vault.trouble = 'none';
  const after = await version();
  await eventually(async () => (await version()) > after);
  await eventually(() => holder.held());
  expect(other.held()).toBe(false);
});

it('is held by who took it without hearing of it, as soon as the vault answers', async () => {
  const { shared, name } = newSetting();
  const vault = new View(shared);
  const record = new LeaseRecord({ vault, name, holder: 'one', durationMs });
  vault.trouble = 'answers lost';
  await expect(record.take()).rejects.toMatchObject({ code: 'store-unavailable' });
  expect(record.held()).toBe(false);
  vault.trouble = 'none';
  await record.take();
  expect(record.held()).toBe(true);
});

describe('with clocks that are set', () => {
  const hourMs = 3_600_000;
  const setWallClock = (byMs: number) => {
    const now = Date.now;
    return jest.spyOn(Date, 'now').mockImplementation(() => now() + byMs);
  };
  const advance = (byMs: number) => {
    const now = performance.now.bind(performance);
    return jest.spyOn(performance, 'now').mockImplementation(() => now() + byMs);
  };
  const taken = async () => {
    const { shared, name } = newSetting();
    const [one, two] = ['one', 'two'].map((holder) => new LeaseRecord({ vault: shared, name, holder, durationMs }));
    await one!.take();
    return { holder: one!, contender: two! };
  };

  it('is not held the moment that a process goes on which was stopped for long', async () => {
    const { holder } = await taken();
    advance((durationMs * 5) / 6);
    expect(holder.held()).toBe(false);
  });

  it('is not held after the machine has slept, while only the wall clock went on', async () => {
    const { holder } = await taken();
    setWallClock((durationMs * 5) / 6);
    expect(holder.held()).toBe(false);
  });

  it('is not held for longer because the wall clock was set back', async () => {
    const { holder } = await taken();
    setWallClock(-hourMs);
    expect(holder.held()).toBe(true);
    advance((durationMs * 5) / 6);
    expect(holder.held()).toBe(false);
  });

  it.each([-hourMs, hourMs])('is not taken from its holder by a machine whose clock is %i ms off', async (byMs) => {
    const { holder, contender } = await taken();
    for (let times = 0; times < 3; times++) {
      const clock = setWallClock(byMs);
      await contender.take();
      expect(contender.held()).toBe(false);
      clock.mockRestore();
      await holder.take();
      expect(holder.held()).toBe(true);
    }
  });

  it('is taken over by who has watched for long enough, and lost to it for good', async () => {
    const { holder, contender } = await taken();
    await contender.take();
    advance(durationMs);
    await contender.take();
    expect(contender.held()).toBe(true);
    await holder.take();
    expect(holder.held()).toBe(false);
  });

  it('is not believed for longer because the answer came late', async () => {
    const { shared, name } = newSetting();
    const record = new LeaseRecord({ vault: shared, name, holder: 'one', durationMs });
    const insert = shared.insert.bind(shared);
    shared.insert = async (...given) => {
      const inserted = await insert(...given);
      advance((durationMs * 5) / 6);
      return inserted;
    };
    await record.take();
    expect(record.held()).toBe(false);
  });

  it('is not held the moment that another is found to hold it', async () => {
    const { shared, name } = newSetting();
    const record = new LeaseRecord({ vault: shared, name, holder: 'one', durationMs });
    await record.take();
    await shared.replace('leases', name, 0, { holder: 'another, with a shorter duration' });
    await record.take();
    expect(record.held()).toBe(false);
  });

  it('is not taken over on the word of an old look, when it has been renewed since', async () => {
    const { holder, contender } = await taken();
    await contender.take();
    advance(durationMs);
    await holder.take();
    await contender.take();
    expect([holder.held(), contender.held()]).toEqual([true, false]);
  });
});
