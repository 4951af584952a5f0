import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { eventually } from './eventually.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

let server: Server;
let target: string;
const accepted = new Set<Socket>();
beforeAll(async () => {
  server = createServer((socket) => {
    accepted.add(socket);
    socket.on('error', () => undefined).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  for (const socket of accepted) socket.destroy();
  server.close();
});

let proxy: TcpProxy;
const clients: Socket[] = [];
beforeEach(async () => {
  proxy = await startTcpProxy({ target });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await proxy.close();
});

/** A client of the echoing server, through the proxy. */
const client = () => {
  const socket = connect(proxy.port, '127.0.0.1').setEncoding('utf8');
  clients.push(socket);
  const seen = { text: '', failure: undefined as string | undefined, closed: false };
  socket.on('data', (text) => {
    seen.text += text;
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    seen.failure = error.code;
  });
  socket.on('close', () => {
    seen.closed = true;
  });
  return { socket, seen };
};
const echoes = async ({ socket, seen }: ReturnType<typeof client>, text: string) => {
  const before = seen.text;
  socket.write(text);
  await eventually(() => seen.text === before + text);
};

it('passes everything on, in order, and its ends', async () => {
  const one = client();
  const text = Array.from({ length: 20_000 }, (_, index) => `${index};`).join('');
  await echoes(one, text);
  one.socket.end();
  await eventually(() => one.seen.closed && proxy.connections === 0);
  expect(one.seen.failure).toBeUndefined();
});

it('ends what is there when it cuts, and lets new ones in', async () => {
  const one = client();
  await echoes(one, 'a');
  proxy.cut();
  await eventually(() => one.seen.closed);
  await echoes(client(), 'b');
});

it('keeps every byte while it pauses, of old connections and of new ones', async () => {
  const old = client();
  await echoes(old, 'a');
  proxy.pause();
  const fresh = client();
  await once(fresh.socket, 'connect');
  old.socket.write('b');
  fresh.socket.write('c');
  // Long enough for an echo to come, if one could.
  await new Promise((later) => setTimeout(later, 50));
  expect([old.seen.text, fresh.seen.text]).toEqual(['a', '']);
  await proxy.resume();
  await eventually(() => old.seen.text === 'ab' && fresh.seen.text === 'c');
});

it('strands what is there, tells nobody, and lets new ones in', async () => {
  const old = client();
  await echoes(old, 'a');
  proxy.strand();
  old.socket.write('b');
  await echoes(client(), 'c');
  await proxy.resume();
  await echoes(client(), 'd');
  expect(old.seen).toEqual({ text: 'a', failure: undefined, closed: false });
});

it('refuses, and comes back on the same port', async () => {
  const old = client();
  await echoes(old, 'a');
  await proxy.refuse();
  await eventually(() => old.seen.closed);
  const late = client();
  await eventually(() => late.seen.failure === 'ECONNREFUSED');
  await proxy.resume();
  await echoes(client(), 'b');
});

it('delays every byte each way, in order', async () => {
  proxy.latencyMs = 30;
  const one = client();
  await once(one.socket, 'connect');
  const from = performance.now();
  one.socket.write('first');
  // On its way when the second, which nothing delays, comes after it.
  await new Promise((later) => setTimeout(later, 5));
  proxy.latencyMs = 0;
  one.socket.write('second');
  await eventually(() => one.seen.text === 'firstsecond');
  expect(performance.now() - from).toBeGreaterThanOrEqual(29);
});
