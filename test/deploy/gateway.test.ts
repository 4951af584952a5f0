import { connect } from 'node:net';
import { withBackend } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { expectProblem } from '../support/expect-problem.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { rawRequest } from '../support/raw-request.ts';
import { clientOf } from '../support/standalone.ts';
import { type Instance, startInstance } from './instance.ts';

withBackend('CADDY', (caddy) => {
  let gateway: RunningGateway;
  let commands: readonly Instance[];
  let queries: readonly Instance[];
  const refusal = { type: '/docs/problems#validation-failed', status: 422, code: 'validation-failed' };

  beforeAll(async () => {
    const refuse = await startInstance('command-api', {
      respond: ({ method, url, body }, response) => {
        if (url === '/v1/invalid') {
          response.writeHead(422, { 'content-type': 'application/problem+json' }).end(JSON.stringify(refusal));
        } else if (url === '/v1/gone') response.writeHead(204, { 'cache-control': 'private, no-store' }).end();
        else response.writeHead(201).end(JSON.stringify({ name: 'command-api', method, url, body }));
      },
    });
    commands = [refuse];
    queries = [await startInstance('query-api'), await startInstance('query-api')];
    gateway = await startGateway({
      caddy,
      commandApis: commands.map(({ url }) => url),
      queryApis: queries.map(({ url }) => url),
    });
  });
  afterAll(async () => {
    await gateway.stop();
    await Promise.all([...commands, ...queries].map((instance) => instance.stop()));
  });

  const request = (method: string, path: string, headers: readonly string[] = [], body?: string) =>
    rawRequest(gateway.url, { method, path, headers, ...(body !== undefined && { body }) });

  it.each([
    ['GET', '/', 'query-api'],
    ['GET', '/v1/users?limit=3', 'query-api'],
    ['GET', '/livez', 'query-api'],
    ['GET', '/socket.io/?EIO=4&transport=polling', 'query-api'],
    ['POST', '/socket.io/?EIO=4&transport=polling&sid=a', 'query-api'],
    ['OPTIONS', '/socket.io/?EIO=4&transport=polling', 'query-api'],
    ['POST', '/v1/users', 'command-api'],
    ['PATCH', '/v1/me', 'command-api'],
    ['PUT', '/v1/me', 'command-api'],
    ['DELETE', '/v1/me', 'command-api'],
    ['OPTIONS', '/v1/users', 'command-api'],
    ['POST', '/socket.iox/', 'command-api'],
  ])('%s %s is answered by %s', async (method, path, name) => {
    const { body } = await request(method, path);
    expect(typeof body === 'string' ? JSON.parse(body) : body).toMatchObject({ name, method, url: path });
  });

  it('spreads reads over the instances', async () => {
    for (let asked = 0; asked < 4; asked += 1) await request('GET', '/v1/spread');
    const shares = queries.map(({ heard }) => heard.filter(({ url }) => url === '/v1/spread').length);
    expect(shares).toEqual([2, 2]);
  });

  it.each([
    '/metrics',
    '/metrics/',
    '/metrics?x=1',
    '/METRICS',
    '/%6Detrics',
    '/metrics%2F',
    '//metrics',
    '/./metrics',
    '/x/../metrics',
    '/readyz',
    '/ReadyZ',
    '/readyz/all',
    '/%72eadyz',
  ])('keeps %s to those inside, for every method', async (path) => {
    for (const method of ['GET', 'POST']) expectProblem(await request(method, path), 'route-not-found');
    const reached = [...commands, ...queries].flatMap(({ heard }) => heard).filter(({ url }) => url === path);
    expect(reached).toEqual([]);
  });

  it('passes on what the services say, and names no software', async () => {
    const { headers } = await request('GET', '/v1/me');
    expect(headers.get('etag')).toBe('"7"');
    expect(headers.get('consistency-token')).toBe('store:42');
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    for (const answer of [headers, (await request('GET', '/metrics')).headers]) {
      expect(['server', 'via', 'x-powered-by', 'alt-svc'].filter((name) => answer.has(name))).toEqual([]);
    }
  });

  // RFC 6797 §7.2.
  it('says nothing of HTTPS where there is none', async () => {
    expect((await request('GET', '/v1/me')).headers.has('strict-transport-security')).toBe(false);
  });

  it('passes on failures and answers without a body', async () => {
    const { status, headers, body } = await request('POST', '/v1/invalid');
    expect([status, headers.get('content-type'), body]).toEqual([422, 'application/problem+json', refusal]);
    const gone = await request('DELETE', '/v1/gone');
    expect([gone.status, gone.headers.get('cache-control'), gone.body]).toEqual([204, 'private, no-store', '']);
  });

  it('answers HEAD with the headers of GET', async () => {
    const { status, headers, body } = await request('HEAD', '/v1/me');
    expect([status, headers.get('etag'), body]).toEqual([200, '"7"', '']);
  });

  it('passes on the headers that requests depend on', async () => {
    const sent = {
      authorization: 'Bearer a.b.c',
      'if-match': '"3"',
      'idempotency-key': 'k-1',
      'consistency-token': 'store:41',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      origin: 'https://app.example.com',
      'content-type': 'application/json',
    };
    await clientOf(gateway.url).request('PATCH', '/v1/headers', { headers: sent, body: { name: 'É' } });
    const [heard] = commands[0]!.heard.filter(({ url }) => url === '/v1/headers');
    expect(heard!.headers).toMatchObject({ ...sent, host: new URL(gateway.url).host });
    expect(heard!.body).toBe('{"name":"É"}');
  });

  it.each([
    ['GET', '/v1/spoofed'],
    ['POST', '/v1/spoofed'],
    ['GET', '/socket.io/?spoofed'],
  ])('says itself who asks for %s %s, whatever the client says', async (method, path) => {
    const names = {
      'X-Forwarded-For': '203.0.113.9',
      'X-Forwarded-Proto': 'https',
      'X-Forwarded-Host': 'evil.example',
    };
    await request(method, path, Object.entries(names).flat());
    const heard = [...commands, ...queries].flatMap((instance) => instance.heard);
    expect(heard.findLast(({ url }) => url === path)!.headers).toMatchObject({
      host: new URL(gateway.url).host,
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': new URL(gateway.url).host,
    });
  });

  it('tells a client that waits for it to go on with the body', async () => {
    const { hostname, port, host } = new URL(gateway.url);
    const socket = connect(Number(port), hostname).setEncoding('latin1');
    let received = '';
    socket.on('data', (text: string) => {
      received += text;
    });
    const head = ['POST /v1/expecting HTTP/1.1', `Host: ${host}`, 'Content-Length: 2', 'Expect: 100-continue', '', ''];
    socket.write(head.join('\r\n'));
    await eventually(() => /^HTTP\/1.1 100 Continue\r\n\r\n/.test(received));
    expect(received).not.toContain('201');
    socket.write('{}');
    // Also the service may say that it waits.
    await eventually(() => /^(HTTP\/1.1 100 Continue\r\n\r\n)+HTTP\/1.1 201 /.test(received));
    socket.destroy();
    expect(commands[0]!.heard.at(-1)).toMatchObject({ url: '/v1/expecting', body: '{}' });
  });

  it('is alive as long as it answers', async () => {
    const answer = await fetch(`${gateway.healthUrl}/livez`);
    expect([answer.status, await answer.text()]).toEqual([200, 'alive']);
  });
});
