import { setTimeout as pause } from 'node:timers/promises';
import { withBackend } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { type RunningGateway, startGatewayWith, upstreams } from '../support/gateway.ts';
import { clientOf } from '../support/standalone.ts';
import { type Instance, startInstance } from './instance.ts';
import { startNameServer } from './name-server.ts';

/** As `docker compose up --scale` does it: instances of one name on one port, each with an address of its own. */
withBackend('CADDY', (caddy) => {
  const instances: Instance[] = [];
  /** What the name server knows. */
  const addresses: Record<'command-api' | 'query-api', string[]> = { 'command-api': [], 'query-api': [] };
  let nameServer: Awaited<ReturnType<typeof startNameServer>>;
  let gateway: RunningGateway;
  let port: number;

  const scaleUp = async (service: 'command-api' | 'query-api', host: string) => {
    const respond: Parameters<typeof startInstance>[1] = {
      host,
      port,
      respond: async (_, response) => {
        await pause(5);
        response.writeHead(201).end(JSON.stringify({ host }));
      },
    };
    const instance = await startInstance(service, respond);
    instances.push(instance);
    addresses[service].push(host);
    return instance;
  };

  beforeAll(async () => {
    nameServer = await startNameServer({
      'command-api': () => addresses['command-api'],
      'query-api': () => addresses['query-api'],
    });
    const first = await startInstance('command-api', { host: '127.0.0.2' });
    port = first.port;
    await first.stop();
    await scaleUp('command-api', '127.0.0.2');
    await scaleUp('query-api', '127.0.0.3');
    // The real files, but for the port and where to ask for names.
    const here = (service: 'command-api' | 'query-api') =>
      upstreams(service)
        .replace(/\b3000\b/, String(port))
        .replace(/refresh 1s|keepalive off/, `$&\n\tresolvers udp/${nameServer.address}`);
    gateway = await startGatewayWith(caddy, { 'command-api': here('command-api'), 'query-api': here('query-api') });
  });
  afterAll(async () => {
    await gateway.stop();
    await Promise.all(instances.map((instance) => instance.stop()));
    await nameServer.stop();
  });

  const request = (method: string, path: string) =>
    clientOf(gateway.url).request(method, path, method === 'POST' ? { body: { name: 'x'.repeat(5_000) } } : {});

  it('finds an instance that is added', async () => {
    for (const [service, method, host] of [
      ['command-api', 'POST', '127.0.0.4'],
      ['query-api', 'GET', '127.0.0.5'],
    ] as const) {
      const added = await scaleUp(service, host);
      const both = instances.filter(({ name }) => name === service);
      await eventually(async () => {
        expect((await request(method, '/v1/any')).status).toBe(201);
        return both.every(({ heard }) => heard.length > 5);
      });
      expect(both).toContain(added);
    }
  });

  it('loses no request and repeats no command while an instance stops, before its name is gone and after', async () => {
    const stopping = instances.filter(({ host }) => host === '127.0.0.2' || host === '127.0.0.3');
    const staying = instances.filter((instance) => !stopping.includes(instance));
    for (const { heard } of instances) heard.length = 0;
    let sent = 0;
    let over = false;
    const statuses: number[] = [];
    const keepAsking = async (method: string) => {
      while (!over) {
        sent += 1;
        statuses.push((await request(method, `/v1/${method}/${sent}`)).status);
      }
    };
    const asking = ['POST', 'GET', 'POST', 'GET', 'POST', 'GET', 'POST', 'GET'].map(keepAsking);
    await eventually(() => stopping.every(({ heard }) => heard.length > 20));
    await Promise.all(stopping.map((instance) => instance.stop()));
    for (const { heard } of staying) heard.length = 0;
    await eventually(() => staying.every(({ heard }) => heard.length > 50));
    addresses['command-api'] = ['127.0.0.4'];
    addresses['query-api'] = ['127.0.0.5'];
    const before = staying.map(({ heard }) => heard.length);
    await eventually(() => staying.every(({ heard }, index) => heard.length > before[index]! + 50));
    over = true;
    await Promise.all(asking);
    expect(statuses).toEqual(Array(sent).fill(201));
    const commands = instances
      .flatMap(({ heard }) => heard)
      .flatMap(({ method, url }) => (method === 'POST' ? [url] : []));
    expect(new Set(commands).size).toBe(commands.length);
  });
});
