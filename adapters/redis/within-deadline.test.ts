import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { DeadlineExceeded, withinDeadline } from './within-deadline.ts';

const busyFor = (ms: number) => {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
};

it('gives the answer, or why there is none', async () => {
  expect(await withinDeadline(Promise.resolve('a'), 1_000)).toBe('a');
  await expect(withinDeadline(Promise.reject(new Error('no')), 1_000)).rejects.toThrow('no');
});

it('waits no longer than it may', async () => {
  await expect(withinDeadline(new Promise(() => undefined), 20)).rejects.toBeInstanceOf(DeadlineExceeded);
});

it('takes an answer that came while this process was busy, and was not read yet', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [peer] = (await once(server, 'connection')) as [Socket];
  const answer = withinDeadline(once(client, 'data'), 20);
  peer.write('a');
  busyFor(60);
  expect(String(await answer)).toBe('a');
  client.destroy();
  server.close();
  await once(server, 'close');
});
