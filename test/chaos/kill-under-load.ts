import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { MemoryViewStore } from '../../adapters/memory/memory-view-store.ts';
import { SqliteEventStore } from '../../adapters/sqlite/sqlite-event-store.ts';
import { SqliteVault } from '../../adapters/sqlite/sqlite-vault.ts';
import { SqliteViewStore } from '../../adapters/sqlite/sqlite-view-store.ts';
import { userStream } from '../../contracts/events/stream-names.ts';
import type { RecordedEvent } from '../../contracts/ports/event-store.ts';
import type { ViewRow, ViewStore } from '../../contracts/ports/view-store.ts';
import type { AnyProjection } from '../../projector/fold-batch.ts';
import { notices } from '../../projector/notices/notice.projection.ts';
import { candles } from '../../projector/prices/candle.projection.ts';
import { latestPrices } from '../../projector/prices/latest-price.projection.ts';
import { runProjection } from '../../projector/run-projection.ts';
import { userProfiles } from '../../projector/users/user-profile.projection.ts';
import { EventCodec } from '../../runtime/event-codec.ts';
import { upcasting } from '../../runtime/event-log.ts';
import { PersonalData } from '../../runtime/personal-data.ts';
import { sealedVault } from '../../runtime/sealed-vault.ts';
import { loadSecrets } from '../../runtime/secrets.ts';
import { startChild } from '../support/child-process.ts';
import { collect } from '../support/collect.ts';
import { eventually } from '../support/eventually.ts';
import { recordingLog } from '../support/recording-log.ts';
import { clientOf, password } from '../support/standalone.ts';

export interface Round {
  /** Commands that were answered as done before the process was killed. */
  readonly acknowledged: number;
  /** Those of them whose event is not there any more. */
  readonly lost: number;
  readonly events: number;
  /** Streams whose chain of macs is broken. */
  readonly broken: number;
  /** View rows that differ from a fold of the events. */
  readonly differing: number;
  /** From start to ready, on the files that the last kill left. */
  readonly readyMs: number;
}

interface Acknowledged {
  readonly userId: string;
  readonly revision: number;
  readonly name: string;
}

const people = 16;
const views: readonly AnyProjection[] = [userProfiles, notices, latestPrices, candles];

/** Starts the whole of Tidemark as a process of its own on this directory, and waits until it is ready. */
const start = async (directory: string) => {
  const startedAt = performance.now();
  const child = startChild('run-standalone', [directory]);
  const lines = child.lines[Symbol.asyncIterator]();
  const { value } = await lines.next();
  if (value === undefined) throw new Error(`it did not start: ${await child.ended}`);
  const { url, setupToken } = JSON.parse(value) as { url: string; setupToken?: string };
  const client = clientOf(url);
  await eventually(async () => (await client.request('GET', '/readyz')).status === 200);
  return { ...client, ...child, setupToken, readyMs: Math.round(performance.now() - startedAt) };
};
type Running = Awaited<ReturnType<typeof start>>;

const signIn = async ({ request }: Running, email: string) => {
  const { body } = await request('POST', '/v1/sessions', { body: { email, password } });
  return { id: body.user.id as string, token: body.accessToken as string };
};

/** Changes names as fast as one client can, until the process is gone. */
const changeNames = async ({ request }: Running, email: string, round: number, done: Acknowledged[]) => {
  const { id, token } = await signIn({ request } as Running, email);
  for (let count = 0; ; count++) {
    const name = `Round ${round} change ${count}`;
    const answer = await request('PATCH', `/v1/users/${id}`, { token, body: { name } }).catch(() => undefined);
    if (!answer) return;
    if (answer.status === 200)
      done.push({ userId: id, revision: Number(answer.headers.get('etag')?.slice(1, -1)), name });
  }
};

const register = async ({ request }: Running, round: number, done: Acknowledged[]) => {
  for (let count = 0; ; count++) {
    const name = `New in round ${round}`;
    const body = { email: `new${count}.round${round}@example.com`, password, name };
    const answer = await request('POST', '/v1/users', { body }).catch(() => undefined);
    if (!answer) return;
    if (answer.status === 201) done.push({ userId: answer.body.id, revision: 0, name });
  }
};

const everyRow = async (store: ViewStore, view: AnyProjection): Promise<ViewRow[]> => {
  const rows: ViewRow[] = [];
  for (;;) {
    const page = await store.find(view, { after: rows.at(-1)?.key, limit: 1_000 });
    rows.push(...page);
    if (page.length < 1_000) return rows;
  }
};

const text = (row: ViewRow | undefined) =>
  JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? String(value) : value));

/** Reads the files that a killed process left, as an auditor would. */
const audit = async (directory: string, acknowledged: readonly Acknowledged[]) => {
  const store = new SqliteEventStore(join(directory, 'events.db'));
  const vaultFile = new SqliteVault(join(directory, 'vault.db'));
  const vault = await sealedVault(
    vaultFile,
    Buffer.from(readFileSync(join(directory, 'master.key'), 'utf8'), 'base64'),
  );
  const codec = new EventCodec((await loadSecrets(vault)).auditKey, new PersonalData(vault));

  let lost = 0;
  for (const { userId, revision, name } of acknowledged) {
    const [event] = await collect(store.read(userStream(userId), revision));
    const found = event && ((await codec.open(event)).data as { name?: string }).name;
    if (found !== name) lost++;
  }
  const stop = new AbortController();
  const lastMacs = new Map<string, string>();
  const broken = new Set<string>();
  let events = 0;
  const check = (event: RecordedEvent) => {
    events++;
    if (event.stream.startsWith('ticks-')) return;
    if (!codec.verifies(event, lastMacs.get(event.stream) ?? '')) broken.add(event.stream);
    lastMacs.set(event.stream, event.metadata.mac ?? '');
  };
  for await (const item of store.subscribe({ signal: stop.signal })) {
    if (item.type === 'event') check(item.event);
    if (item.type === 'caught-up') stop.abort();
  }
  await store.close();
  await vaultFile.close();
  return { lost, events, broken: broken.size };
};

/** Rows that the kept views and a fold of all events into fresh ones do not agree on, up to where the kept ones are. */
const compareViews = async (directory: string): Promise<number> => {
  const store = new SqliteEventStore(join(directory, 'events.db'));
  const kept = new SqliteViewStore(join(directory, 'views.db'));
  const fresh = new MemoryViewStore();
  const stop = new AbortController();
  const log = recordingLog();
  const head = await store.head();
  let differing = 0;
  for (const projection of views) {
    // The kept one goes on from its checkpoint, as at a restart; the fresh one begins at the beginning.
    const runs = [kept, fresh].map((target) =>
      runProjection({ projection, events: upcasting(store), views: target, log, signal: stop.signal }),
    );
    await eventually(() => runs.every(({ status }) => (status.checkpoint ?? 0n) >= head));
    const folded = new Map((await everyRow(fresh, projection)).map((row) => [row.key, row]));
    const rows = await everyRow(kept, projection);
    differing +=
      rows.filter((row) => text(row) !== text(folded.get(row.key))).length + Math.abs(folded.size - rows.length);
  }
  stop.abort();
  await pause(0);
  await store.close();
  await kept.close();
  return differing;
};

/**
 * Kills Tidemark with SIGKILL in the middle of load, again and again, on the same directory, and looks each time at what
 * is left: every acknowledged command must be there, and the views must be what the events make of them.
 */
export async function* killUnderLoad(directory: string, rounds: number): AsyncIterable<Round> {
  let running = await start(directory);
  const emails = Array.from({ length: people }, (_, index) => `person${index}@example.com`);
  for (const email of emails)
    await running.request('POST', '/v1/users', { body: { email, password, name: 'Somebody' } });

  for (let round = 0; round < rounds; round++) {
    const { readyMs } = running;
    const acknowledged: Acknowledged[] = [];
    const load = [
      ...emails.map((email) => changeNames(running, email, round, acknowledged).catch(() => undefined)),
      register(running, round, acknowledged).catch(() => undefined),
    ];
    await eventually(() => acknowledged.length > 100 + Math.random() * 400, 30_000);
    running.kill();
    await running.ended;
    await Promise.all(load);
    const found = await audit(directory, acknowledged);
    const differing = await compareViews(directory);
    yield { acknowledged: acknowledged.length, ...found, differing, readyMs };
    running = await start(directory);
  }
  running.stop();
  await running.ended;
}
