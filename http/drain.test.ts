import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { drain } from './drain.ts';

/** A server that answers when it is told to, and a client of it that keeps its connection. */
const setUp = async () => {
  const responses: ServerResponse[] = [];
  const server = createServer((_, response) => responses.push(response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const agent = new Agent({ keepAlive: true });
  const sent = request({ port, host: '127.0.0.1', agent });
  const outcome = once(sent, 'response').then(
    ([response]: IncomingMessage[]) => {
      response!.resume();
      return response!.statusCode;
    },
    (error: NodeJS.ErrnoException) => error.code,
  );
  sent.end();
  await once(server, 'request');
  return { server, agent, outcome, answer: () => responses[0]!.end('done') };
};

it('waits for the answer under way, and not for the connection that is kept', async () => {
  const { server, agent, outcome, answer } = await setUp();
  let drained = false;
  const draining = drain(server).then(() => {
    drained = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(drained).toBe(false);
  const startedAt = performance.now();
  answer();
  expect(await outcome).toBe(200);
  await draining;
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  agent.destroy();
});

it('cuts what takes too long', async () => {
  const { server, agent, outcome } = await setUp();
  await drain(server, 100);
  expect(await outcome).toBe('ECONNRESET');
  agent.destroy();
});

it('has nothing to do for a server that never listened', async () => {
  await drain(createServer());
});
