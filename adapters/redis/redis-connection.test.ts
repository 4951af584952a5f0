import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { inspect } from 'node:util';
import { eventually } from '../../test/support/eventually.ts';
import { recordingLog } from '../../test/support/recording-log.ts';
import { connectRedis } from './redis-connection.ts';

/** Answers each command with `answer`, and notes what it was sent. */
const serverThatSays = async (answer: string) => {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy()));
    socket.setEncoding('utf8').on('data', (text: string) => {
      received.push(text);
      // A command is an array.
      for (const _ of text.matchAll(/^\*/gm)) socket.write(answer);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
};

it('signs in as the URL says, and never tells the password to the log', async () => {
  const server = await serverThatSays('-WRONGPASS invalid username-password pair or user is disabled.\r\n');
  const log = recordingLog();
  const connection = connectRedis({ url: `redis://ann:s%2Fecr%40t@${server.address}`, log });
  await eventually(() => server.received.filter((text) => text.includes('HELLO') || text.includes('hello')).length > 2);
  await connection.close();
  await server.close();
  expect(server.received[0]).toContain('ann\r\n');
  expect(server.received[0]).toContain('s/ecr@t\r\n');
  expect(log.lines).toEqual([
    {
      level: 'warn',
      message: 'redis is away',
      fields: { err: expect.objectContaining({ message: expect.stringContaining('WRONGPASS') }) },
    },
  ]);
  expect(inspect(log.lines, { depth: null, showHidden: true })).not.toContain('s/ecr@t');
});

it('takes no address but that of a Redis, and does not repeat it', () => {
  for (const url of ['', 'localhost:6379', 'http://:secret@localhost', 'redis://:secret@local host']) {
    const connect = () => connectRedis({ url, log: recordingLog() });
    expect(connect).toThrow(new Error('The address of Redis is not a redis: URL.'));
  }
});

it('says why, where no address of a name answers', async () => {
  const server = await serverThatSays('');
  const port = server.address.split(':')[1];
  await server.close();
  const log = recordingLog();
  const connection = connectRedis({ url: `redis://localhost:${port}`, log });
  await eventually(() => log.lines.length > 0);
  expect((log.lines[0]!.fields.err as Error).message).toContain('ECONNREFUSED');
  expect(connection.away).toBe(true);
  expect(await connection.ask(100, (redis) => redis.get('key'))).toBeUndefined();
  await connection.close();
});
