import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';
import { type Operation, operation } from '../contracts/http/operation.ts';
import type { Health, HealthCheck } from '../runtime/health.ts';
import { Metrics } from '../runtime/metrics.ts';
import { UnderWay } from '../runtime/under-way.ts';
import { expectProblem } from '../test/support/expect-problem.ts';
import { recordingLog } from '../test/support/recording-log.ts';
import { clientOf } from '../test/support/standalone.ts';
import { createApp } from './app.ts';
import { createEndpoint, type EndpointNeeds } from './endpoint.ts';

const health: Record<string, () => Health | Promise<Health>> = {
  store: () => ({ state: 'ok' }),
  exchange: () => ({ state: 'ok' }),
};
const log = recordingLog();
const failing = operation({
  id: 'fail',
  tag: 'Test',
  summary: 'Fails',
  method: 'get',
  path: '/v1/fail',
  allow: 'anyone',
  answer: { status: 200, schema: z.object({}), description: 'Never' },
});
let server: Server;
let client: ReturnType<typeof clientOf>;
beforeAll(async () => {
  const endpoint = createEndpoint({
    storeId: 'test',
    underWay: new UnderWay(),
    log,
    observe: () => {},
  } as unknown as EndpointNeeds);
  const checks: HealthCheck[] = Object.keys(health).map((name) => ({ name, check: () => health[name]!() }));
  const app = createApp({
    routes: [endpoint(failing, () => Promise.reject(new Error('SQLITE_BUSY near ann@example.com')))],
    operations: [failing as unknown as Operation],
    jwks: { keys: [] },
    metrics: new Metrics(),
    checks,
    allowedOrigins: [],
    docs: 'closed',
    health: 'open',
    trustedProxies: 0,
    log,
  });
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = clientOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
});

it.each<[string, number, Health['state'], () => Health | Promise<Health>]>([
  ['degraded', 200, 'degraded', () => ({ state: 'degraded', detail: 'slow' })],
  ['failed', 503, 'failed', () => ({ state: 'failed' })],
  ['silent', 503, 'failed', () => Promise.reject(new Error('away'))],
])('is %s as its dependencies are, and lives all the same', async (_, status, state, check) => {
  for (const name of Object.keys(health)) {
    const before = health[name]!;
    health[name] = check;
    const answer = await client.request('GET', '/readyz');
    health[name] = before;
    expect(answer).toMatchObject({ status, body: { state } });
    const bad = answer.body.checks.filter((one: Health) => one.state !== 'ok');
    expect(bad).toEqual([expect.objectContaining({ name, state })]);
    expect(await client.request('GET', '/livez')).toMatchObject({ status: 200, body: { state: 'ok' } });
  }
});

it('answers what nobody expected with a reference, and tells the rest to the log only', async () => {
  const answer = await client.request('GET', '/v1/fail');
  expectProblem(answer, 'internal');
  expect(JSON.stringify(answer.body)).not.toContain('ann@');
  expect(answer.body).toMatchObject({ retriable: true, reference: expect.any(String) });
  expect(log.lines).toMatchObject([
    { level: 'error', fields: { operation: 'fail', reference: answer.body.reference } },
  ]);
});
