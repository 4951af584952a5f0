import { setTimeout as pause } from 'node:timers/promises';
import { withBackend } from '../support/backends.ts';
import { type RunningGateway, startGateway, startGatewayWith, upstreams } from '../support/gateway.ts';
import { clientOf } from '../support/standalone.ts';
import { type Heard, type Instance, startInstance } from './instance.ts';

const unavailable = {
  type: '/docs/problems#service-unavailable',
  title: 'The service does not answer just now',
  status: 503,
  code: 'service-unavailable',
  retriable: true,
};

withBackend('CADDY', (caddy) => {
  const instances: Instance[] = [];
  let gateway: RunningGateway | undefined;
  const instance = async (...given: Parameters<typeof startInstance>) => {
    const started = await startInstance(...given);
    instances.push(started);
    return started;
  };
  /** Before these instances; each service has all of them. */
  const before = async (...all: readonly { url: string }[]) => {
    const urls = all.map(({ url }) => url);
    gateway = await startGateway({ caddy, commandApis: urls, queryApis: urls });
    return clientOf(gateway.url);
  };
  afterEach(async () => {
    await gateway?.stop();
    await Promise.all(instances.splice(0).map((one) => one.kill().catch(() => undefined)));
  });

  /** An address where nobody listens. */
  const nobody = async () => {
    const { url, port, stop } = await startInstance('nobody');
    await stop();
    return { url, port };
  };
  const body = { name: 'x'.repeat(10_000) };

  it('asks another instance when one is gone', async () => {
    const client = await before(await nobody(), await instance('there'), await nobody());
    for (let sent = 0; sent < 6; sent += 1) expect((await client.request('GET', '/v1/me')).status).toBe(200);
  });

  it('holds reads while there is no instance', async () => {
    const { url, port } = await nobody();
    const client = await before({ url });
    const answer = client.request('GET', '/v1/me');
    await pause(300);
    await instance('late', { port });
    expect((await answer).body).toMatchObject({ name: 'late' });
  });

  it('says after a while that there is none, and nothing personal in its log', async () => {
    const client = await before(await nobody());
    const headers = { authorization: 'Bearer secret-token' };
    const answers = [
      await client.request('POST', '/v1/users', { headers, body: { email: 'ada@example.com' } }),
      await client.request('GET', '/v1/users?email=ada%40example.com', { headers }),
    ];
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 503, body: unavailable });
      expect(answer.headers.get('content-type')).toBe('application/problem+json');
      expect(answer.headers.get('retry-after')).toBe('1');
      expect(answer.headers.get('cache-control')).toBe('no-store');
    }
    expect(
      gateway!.logged().match(/"level":"debug","ts":[\d.]+,"logger":"http.log.error[^"]*","msg":"[^"]*"/g),
    ).toEqual([expect.stringContaining('connection refused'), expect.stringContaining('connection refused')]);
    expect(gateway!.logged()).not.toMatch(/ada(@|%40)|example\.com|secret-token|remote_ip|User-Agent/);
  });

  it.each(['POST', 'PATCH', 'DELETE'])('does not send a %s again that may have been carried out', async (method) => {
    const carriedOut: Heard[] = [];
    const respond = (heard: Heard) => {
      carriedOut.push(heard);
      // It dies before it answers.
      for (const { server } of instances) server.closeAllConnections();
    };
    const client = await before(await instance('a', { respond }), await instance('b', { respond }));
    expect(await client.request(method, '/v1/me', { body })).toMatchObject({ status: 503, body: unavailable });
    expect(carriedOut).toHaveLength(1);
  });

  it('gives up on an instance that takes a command and then hangs', async () => {
    const hanging = await instance('hanging', { respond: () => undefined });
    // Not to wait as long as is meant.
    const soon = (service: 'command-api' | 'query-api') =>
      upstreams(service)
        .replace(/^to .*$|^dynamic a [^}]*\}$/m, `to 127.0.0.1:${hanging.port}`)
        .replace(/response_header_timeout \S+/, 'response_header_timeout 200ms');
    gateway = await startGatewayWith(caddy, { 'command-api': soon('command-api'), 'query-api': soon('query-api') });
    const answer = await clientOf(gateway.url).request('POST', '/v1/users', { body });
    expect(answer).toMatchObject({ status: 503, body: unavailable });
    expect(hanging.heard).toHaveLength(1);
  });

  it('asks another instance when one dies over a read', async () => {
    const dying = await instance('dying', { respond: () => dying.kill() });
    const client = await before(dying, await instance('living'));
    const answers = await Promise.all(Array.from({ length: 4 }, () => client.request('GET', '/v1/me')));
    expect(answers.map(({ status, body: { name } }) => [status, name])).toEqual(Array(4).fill([200, 'living']));
    expect(dying.heard.length).toBeGreaterThan(0);
  });
});
