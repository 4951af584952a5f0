import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expectProblem } from '../test/support/expect-problem.ts';
import { rawBytes } from '../test/support/raw-request.ts';
import { answerClientErrors } from './client-errors.ts';

let server: Server;
let url: string;
beforeAll(async () => {
  server = createServer((_, response) => response.end('fine'));
  answerClientErrors(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
});

it.each([
  ['of an unknown method', 'FROB / HTTP/1.1\r\nhost: x\r\n\r\n', 'there is no such method'],
  [
    'with too many headers',
    `GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`,
    'the headers are too large',
  ],
  ['of another protocol', '\x16\x03\x01\x02\r\n\r\n', 'there is no such method'],
  ['with two lengths', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n', undefined],
  [
    'with a length and chunks',
    'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
    undefined,
  ],
])('answers a request %s in problem+json, and lives on', async (_, bytes, detail) => {
  const [head, body] = (await rawBytes(url, bytes)).split('\r\n\r\n');
  const [line, ...lines] = head!.split('\r\n');
  const headers = new Headers(lines.map((each) => each.split(': ') as [string, string]));
  const status = Number(line!.split(' ')[1]);
  expectProblem({ status, headers, body: JSON.parse(body!) }, 'malformed-request');
  expect(JSON.parse(body!).detail).toBe(detail);
  expect(await (await fetch(url)).text()).toBe('fine');
});

it('answers also a bad request behind a good one on the same connection', async () => {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).setEncoding('latin1');
  const answers = async () => String((await once(socket, 'data'))[0]);
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  expect(await answers()).toMatch(/^HTTP\/1.1 200 OK/);
  socket.write('FROB / HTTP/1.1\r\n\r\n');
  expect(await answers()).toMatch(/^HTTP\/1.1 400 Bad Request/);
  await once(socket, 'close');
});
