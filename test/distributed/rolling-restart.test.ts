import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Service } from '../../composition/services.ts';
import { type Distributed, startDistributed } from '../support/distributed.ts';
import { eventually } from '../support/eventually.ts';
import { noticeClient, outOfOrder } from '../support/notice-client.ts';
import { untilReady } from '../support/service-process.ts';
import { type Person, peopleOn } from '../support/standalone.ts';

let tidemark: Distributed;
let people: ReturnType<typeof peopleOn>;
beforeAll(async () => {
  tidemark = await startDistributed({}, { 'command-api': 2, 'query-api': 2, projector: 2, ingest: 2 });
  people = peopleOn(tidemark);
});
afterAll(() => tidemark?.halt());

const seen = { requests: 0, retried: 0, failed: [] as string[] };
const positions: string[] = [];
const statusOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** As any decent client: what is answered 503, or lost on the way, is asked again a few times. */
const ask = async (method: string, path: string, options: Parameters<typeof people.request>[2]) => {
  const headers = { ...options?.headers, ...(method === 'POST' && { 'idempotency-key': randomUUID() }) };
  for (let tries = 0; ; tries++) {
    seen.requests++;
    const answer = await people.request(method, path, { ...options, headers }).catch(statusOf);
    if (typeof answer !== 'string' && answer.status < 400) return answer;
    const again = typeof answer === 'string' || answer.status === 503 || answer.status === 502;
    if (!again || tries === 5) {
      seen.failed.push(typeof answer === 'string' ? answer : `${method} ${path} ${answer.status} ${answer.body.code}`);
      return undefined;
    }
    seen.retried++;
    await pause(typeof answer === 'string' ? 100 : Number(answer.headers.get('retry-after') ?? 1) * 1_000);
  }
};
const load = async ({ token }: Person, signal: AbortSignal) => {
  for (let turn = 0; !signal.aborted; turn++) {
    const changed = await ask('PATCH', '/v1/me', { token, body: { name: `Turn ${turn}` } });
    if (!changed) continue;
    const minimum = changed.headers.get('consistency-token')!;
    positions.push(minimum.split('.')[1]!);
    const read = await ask('GET', '/v1/me', { token, headers: { 'consistency-token': minimum } });
    if (read && read.body.name !== `Turn ${turn}`) seen.failed.push(`read ${read.body.name} after Turn ${turn}`);
  }
};

it('restarts every process, one after the other, and no client notices more than a retry', async () => {
  const admin = await people.admin();
  const listener = noticeClient(tidemark.url, () => admin.token);
  await eventually(listener.connected);
  const members = await Promise.all(Array.from({ length: 6 }, () => people.member(`${randomUUID()}@example.com`)));
  const stop = new AbortController();
  const clients = members.map((member) => load(member, stop.signal));
  for (const service of ['command-api', 'query-api', 'projector', 'ingest'] satisfies Service[]) {
    for (const old of tidemark.of(service)) {
      await old.stop();
      await untilReady(await tidemark.start(service, { PORT: new URL(old.url).port }));
    }
  }
  stop.abort();
  await Promise.all(clients);
  expect(seen.failed).toEqual([]);
  expect(seen.requests).toBeGreaterThan(200);
  // Every change was told, at most once and in order, over all those restarts. A retried one may have been written twice.
  await eventually(
    () => positions.every((position) => listener.heard.some((notice) => notice.position === position)),
    30_000,
  );
  expect(outOfOrder(listener.heard)).toEqual([]);
  expect(listener.resyncs).toEqual([]);
  listener.close();
}, 180_000);
