import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { requestsTo } from './requests.ts';

const server = createServer((request, response) => {
  const [, status, after] = request.url!.split('/');
  if (status === 'cut') request.socket.resetAndDestroy();
  else if (status !== 'never') response.writeHead(Number(status), after ? { 'retry-after': after } : {}).end();
});
let url: string;
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

it.each([
  ['/200', 'ok'],
  ['/201', 'ok'],
  ['/503/1', 'later'],
  ['/429/1', 'later'],
  ['/409/1', 'later'],
  ['/412', 'conflict'],
  ['/503', 'bare503'],
  ['/502', 'other5xx'],
  ['/500/1', 'other5xx'],
  ['/401', 'refused'],
  ['/409', 'refused'],
  ['/cut', 'cut'],
  ['/never', 'hung'],
])('calls %s %s', async (path, outcome) => {
  const { ask, asked } = requestsTo(url, path === '/never' ? 100 : 5_000);
  await ask('read', 'GET', path);
  expect(asked).toMatchObject([{ kind: 'read', outcome }]);
});
