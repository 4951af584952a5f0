import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from '@agendajs/mongo-backend';
import { type AgendaScheduler, openAgendaScheduler } from '../../adapters/agenda/agenda-scheduler.ts';
import { withBackend } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { recordingLog } from '../support/recording-log.ts';

type Side = 'questions' | 'answers';

/** The way to a server, that can be closed, or go silent as before a paused one. */
class Way {
  readonly #target: URL;
  readonly #server: Server;
  readonly #sides = { questions: new Set<Socket>(), answers: new Set<Socket>() };
  readonly #silent = new Set<Side>();

  constructor(url: string) {
    this.#target = new URL(url);
    this.#server = createServer((near) => {
      const far = connect(Number(this.#target.port || 27_017), this.#target.hostname);
      this.#lay('questions', near, far);
      this.#lay('answers', far, near);
    });
  }

  async open(port = 0): Promise<number> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  /** Of the server, by this way. */
  url(port: number): string {
    const url = new URL(this.#target);
    url.host = `127.0.0.1:${port}`;
    url.searchParams.set('directConnection', 'true');
    return url.href;
  }

  /** Nothing arrives any more on this side; of these connections for good. */
  silence(side: Side): void {
    this.#silent.add(side);
    for (const socket of this.#sides[side]) socket.unpipe().pause();
  }

  heal(): void {
    this.#silent.clear();
    for (const sockets of Object.values(this.#sides)) {
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    }
  }

  async close(): Promise<void> {
    this.heal();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #lay(side: Side, from: Socket, to: Socket): void {
    this.#sides[side].add(from);
    from.on('error', () => to.destroy());
    from.on('close', () => to.destroy());
    if (!this.#silent.has(side)) from.pipe(to);
  }
}

const deadlineMs = 400;
const intervalMs = 400;

withBackend('MONGO_URL', (target) => {
  const database = 'tidemark-schedules';
  const client = new MongoClient(target);
  const unhandled: unknown[] = [];
  const note = (error: unknown) => void unhandled.push(error);
  beforeAll(() => void process.on('unhandledRejection', note));
  afterAll(async () => {
    process.off('unhandledRejection', note);
    await client.close();
  });

  let way: Way;
  let scheduler: AgendaScheduler;
  let collection: string;
  let log: ReturnType<typeof recordingLog>;
  const lines = (part: string) => log.lines.filter(({ message }) => message.includes(part));
  const use = (port: number, lockLifetimeMs = 60_000) => {
    log = recordingLog();
    collection = `schedule-${randomUUID()}`;
    scheduler = openAgendaScheduler({
      ...{ url: way.url(port), database, collection, log },
      ...{ processEveryMs: 50, deadlineMs, lockLifetimeMs },
      report: (_, error) => log.error({ err: error }, 'a run failed'),
    });
  };
  beforeEach(() => {
    way = new Way(target);
  });
  afterEach(async () => {
    await scheduler.close();
    await way.close();
    await client.db(database).collection(collection).drop();
    expect(unhandled).toEqual([]);
  });

  it('starts though MongoDB is away, and runs when it is there', async () => {
    const port = await way.open();
    await way.close();
    use(port);
    let runs = 0;
    scheduler.every(randomUUID(), intervalMs, async () => void runs++);
    await eventually(() => lines('is away').length === 1);
    expect(runs).toBe(0);
    way = new Way(target);
    await way.open(port);
    await eventually(() => runs >= 2);
    expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
    expect(lines('is back')).toHaveLength(1);
  });

  it.each(['questions', 'answers'] as const)('pauses while %s get lost, says so once, and goes on', async (side) => {
    use(await way.open());
    let runs = 0;
    for (const name of [randomUUID(), randomUUID()]) {
      scheduler.every(name, intervalMs, async () => void runs++);
    }
    await eventually(() => runs >= 4);
    // So that what gets lost next is a claim.
    const records = client.db(database).collection(collection);
    await eventually(async () => (await records.countDocuments({ lockedAt: { $ne: null } })) === 0);
    way.silence(side);
    await eventually(() => lines('is away').length > 0);
    const before = runs;
    // Several deadlines long.
    await sleep(4 * deadlineMs);
    expect(runs).toBe(before);
    way.heal();
    // Also if it has taken the lock, which lasts for longer than this test, without having heard of it.
    await eventually(() => runs >= before + 4);
    expect(log.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
  });

  it('lets a run end whose end can’t be written, and does not do it over again itself', async () => {
    use(await way.open());
    let runs = 0;
    let end = () => {};
    const job = scheduler.every(randomUUID(), 86_400_000, async (signal) => {
      runs++;
      await new Promise<void>((resolve) => {
        end = resolve;
        signal.addEventListener('abort', () => resolve());
      });
    });
    await eventually(() => runs === 1);
    way.silence('questions');
    end();
    await eventually(() => lines('is away').length === 1);
    way.heal();
    await eventually(() => lines('is back').length === 1);
    let others = 0;
    scheduler.every(randomUUID(), intervalMs, async () => void others++);
    await eventually(() => others === 3);
    await job.stop();
    expect(runs).toBe(1);
  });

  it('stops a run whose lock can’t be renewed, before others may have it', async () => {
    const lockLifetimeMs = 1_200;
    use(await way.open(), lockLifetimeMs);
    let beganMs = 0;
    let abortedMs = 0;
    scheduler.every(randomUUID(), 86_400_000, async (signal) => {
      beganMs = performance.now();
      await sleep(60_000, undefined, { signal }).catch(() => undefined);
      abortedMs = performance.now();
    });
    await eventually(() => beganMs > 0);
    way.silence('questions');
    await eventually(() => abortedMs > 0);
    expect(abortedMs - beganMs).toBeLessThan(lockLifetimeMs);
    await eventually(() => lines('could not be kept').length === 1);
  });

  it('stops soon, and aborts the run under way, while MongoDB does not answer', async () => {
    use(await way.open());
    let ended = false;
    let began = false;
    const job = scheduler.every(randomUUID(), 86_400_000, async (signal) => {
      began = true;
      await sleep(60_000, undefined, { signal }).catch(() => undefined);
      ended = true;
    });
    await eventually(() => began);
    way.silence('questions');
    const stoppedMs = performance.now();
    await job.stop();
    await scheduler.close();
    expect(ended).toBe(true);
    expect(performance.now() - stoppedMs).toBeLessThan(8 * deadlineMs);
    expect(lines('not given up')).toHaveLength(1);
  });
});
