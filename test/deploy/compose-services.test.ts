import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { allServices, type Service } from '../../composition/services.ts';
import { withBackends } from '../support/backends.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { temporaryDatabase } from '../support/mongo-database.ts';
import { type ServiceProcess, startService, untilReady } from '../support/service-process.ts';
import { clientOf, password } from '../support/standalone.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { readComposeFile } from './compose-file.ts';
import { lineage, readStages } from './dockerfile.ts';

/**
 * Each service as `docker compose up` starts it, but in no container: with the environment of its image and of the
 * compose file, and the secrets that the real script makes. Only the servers are others, at addresses of their own and
 * with their security off.
 */
withBackends(['EVENTSTORE_URL', 'MONGO_URL', 'KAFKA_BROKERS', 'REDIS_URL', 'CADDY'], (servers) => {
  const directory = temporaryDirectory();
  const database = temporaryDatabase(servers.MONGO_URL);
  const namespace = `test-${randomUUID().slice(0, 18)}`;
  // The exchange is away: nobody listens on the discard port.
  const { services } = readComposeFile({ BINANCE_REST_URL: 'http://127.0.0.1:9', BINANCE_WS_URL: 'ws://127.0.0.1:9' });
  const processes: ServiceProcess[] = [];
  let gateway: RunningGateway | undefined;

  /** Puts the servers of this machine in the place of those that the compose file has. */
  const redirect = (file: string, pattern: RegExp, url: string) => {
    const path = join(directory.path, 'tidemark', file);
    const made = readFileSync(path, 'utf8').trim();
    expect(made).toMatch(pattern);
    chmodSync(path, 0o600);
    writeFileSync(path, url);
  };

  const environmentOf = (service: Service): Readonly<Record<string, string>> => {
    const image = lineage(readStages(), service).flatMap(({ name, rest }) => (name === 'ENV' ? rest.split(' ') : []));
    const given = Object.entries(services[service]!.environment!).map(([name, value]) => [
      name,
      name.endsWith('_FILE') ? value.replace('/secrets/', `${directory.path}/tidemark/`) : value,
    ]);
    expect(services[service]!.environment!.KAFKA_BROKERS).toBe('kafka:9092');
    return {
      ...Object.fromEntries(image.map((one) => one.split('='))),
      ...Object.fromEntries(given),
      KAFKA_BROKERS: servers.KAFKA_BROKERS,
      // All tests share the servers.
      NAMESPACE: namespace,
      PORT: '0',
    };
  };

  beforeAll(async () => {
    expect(spawnSync('deploy/secrets/make-secrets.sh', [directory.path]).status).toBe(0);
    const mongo = new URL(servers.MONGO_URL);
    mongo.pathname = `/${database.name}`;
    redirect('eventstore-url', /^esdb:\/\/admin:\w+@eventstoredb:2113\?/, servers.EVENTSTORE_URL);
    redirect('mongo-url', /^mongodb:\/\/tidemark:\w+@mongodb:27017\/tidemark\?/, String(mongo));
    redirect('redis-url', /^redis:\/\/tidemark:\w+@redis:6379$/, servers.REDIS_URL);
    for (const service of allServices) processes.push(await startService(service, environmentOf(service)));
  }, 120_000);
  afterAll(async () => {
    await gateway?.stop();
    await Promise.all(processes.map((one) => one.stop('SIGKILL')));
    await (await database.raw()).useDb(`${database.name}-vault`).dropDatabase();
    await database.remove();
    directory.remove();
  });
  const of = (service: Service) => processes.find((one) => one.service === service)!;

  it('becomes ready in each, without the exchange', async () => {
    await Promise.all(processes.map(untilReady));
    const answers = await Promise.all(processes.map(({ url }) => clientOf(url).request('GET', '/readyz')));
    expect(answers.map(({ status, body }) => [status, body.state])).toEqual(
      allServices.map((service) => [200, service === 'ingest' ? 'degraded' : 'ok']),
    );
  }, 120_000);

  it('listens where the network of a container reaches it', () => {
    for (const service of allServices) expect(environmentOf(service).HOST).toBe('0.0.0.0');
  });

  it('prints the setup token in command-api alone, and it makes the first admin through the gateway', async () => {
    const told = processes.flatMap(({ service, printed }) =>
      [...printed().matchAll(/the setup token (\S+)/g)].map(([, token]) => ({ service, token })),
    );
    expect(told.map(({ service }) => service)).toEqual(['command-api']);
    const on127 = (service: Service) => [`http://127.0.0.1:${new URL(of(service).url).port}`];
    gateway = await startGateway({
      caddy: servers.CADDY,
      commandApis: on127('command-api'),
      queryApis: on127('query-api'),
    });
    const client = clientOf(gateway.url);
    const root = { email: 'root@example.com', password, name: 'Root' };
    const made = await client.request('POST', '/v1/setup', { body: { token: told[0]!.token, ...root } });
    expect(made.status).toBe(201);
    const session = await client.request('POST', '/v1/sessions', { body: { email: root.email, password } });
    const me = await client.request('GET', '/v1/me', {
      token: session.body.accessToken,
      headers: { 'consistency-token': made.headers.get('consistency-token')! },
    });
    expect(me.body).toMatchObject({ email: root.email, name: 'Root' });
    const page = await client.request('GET', '/');
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  });

  it('ends when it is told to, well within the time that it has', async () => {
    const [, seconds] = /^(\d+)s$/.exec(services['command-api']!.stop_grace_period!)!;
    const startedAt = performance.now();
    await Promise.all(processes.map((one) => one.stop()));
    expect(performance.now() - startedAt).toBeLessThan((Number(seconds) * 1_000) / 2);
  }, 60_000);
});
