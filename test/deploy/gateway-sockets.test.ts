import { Agent } from 'node:http';
import { Server } from 'socket.io';
import { io, type Socket } from 'socket.io-client';
import { withBackend } from '../support/backends.ts';
import { eventually } from '../support/eventually.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { type Instance, startInstance } from './instance.ts';

const clientAddresses = Array.from({ length: 12 }, (_, index) => `127.0.0.${index + 10}`);

withBackend('CADDY', (caddy) => {
  const instances: Instance[] = [];
  const servers: Server[] = [];
  const sockets: Socket[] = [];
  const agents: Agent[] = [];
  let gateway: RunningGateway;

  beforeEach(async () => {
    for (const name of ['first', 'second']) {
      const instance = await startInstance(name);
      const server = new Server(instance.server, { pingInterval: 1_000, pingTimeout: 1_000 });
      server.on('connection', (socket) => socket.on('say', (text, answer) => answer({ name, text })));
      instances.push(instance);
      servers.push(server);
    }
    gateway = await startGateway({
      caddy,
      commandApis: [instances[0]!.url],
      queryApis: instances.map(({ url }) => url),
    });
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.disconnect();
    for (const agent of agents.splice(0)) agent.destroy();
    await gateway.stop();
    await Promise.all(servers.splice(0).map((server) => server.close()));
    instances.length = 0;
  });

  /** A client at this address; `agent` may be any of Node's, whatever the types say of browsers. */
  const clientAt = (localAddress: string, transports?: ('polling' | 'websocket')[]) => {
    const agent = new Agent({ localAddress, keepAlive: true });
    agents.push(agent);
    const options = {
      agent: agent as unknown as string,
      forceNew: true,
      reconnectionDelay: 50,
      ...(transports && { transports }),
    };
    const socket = io(gateway.url, options);
    sockets.push(socket);
    return socket;
  };
  const answerOf = async (socket: Socket, text: string): Promise<{ name: string; text: string }> =>
    await socket.timeout(5_000).emitWithAck('say', text);

  it.each([
    ['as clients do by themselves: polling first, then a WebSocket', undefined, 'websocket'],
    ['by polling alone', ['polling' as const], 'polling'],
    ['by WebSocket alone', ['websocket' as const], 'websocket'],
  ])('connects %s, each client with one instance, all instances used', async (_, transports, transport) => {
    const names = await Promise.all(
      clientAddresses.map(async (address) => {
        const socket = clientAt(address, transports);
        const answers = [await answerOf(socket, 'a'), await answerOf(socket, 'b')];
        await eventually(() => socket.io.engine.transport.name === transport);
        answers.push(await answerOf(socket, 'c'));
        expect(answers.map(({ text }) => text)).toEqual(['a', 'b', 'c']);
        return new Set(answers.map(({ name }) => name));
      }),
    );
    expect(names.map(({ size }) => size)).toEqual(clientAddresses.map(() => 1));
    expect(new Set(names.flatMap((set) => [...set])).size).toBe(2);
  });

  it('connects a client again, with another instance, when its own stops', async () => {
    const socket = clientAt(clientAddresses[0]!);
    const { name } = await answerOf(socket, 'before');
    const index = instances.findIndex((instance) => instance.name === name);
    let connections = 0;
    socket.on('connect', () => {
      connections += 1;
    });
    await servers[index]!.close();
    await eventually(() => connections === 1);
    expect((await answerOf(socket, 'after')).name).toBe(instances[1 - index]!.name);
  });

  it('keeps a WebSocket open over which nothing comes but pings', async () => {
    const socket = clientAt(clientAddresses[0]!, ['websocket']);
    await answerOf(socket, 'before');
    let pings = 0;
    let closed = false;
    socket.io.on('ping', () => {
      pings += 1;
    });
    socket.once('disconnect', () => {
      closed = true;
    });
    // Longer than a connection to an instance is kept when nobody uses it.
    await eventually(() => pings === 4);
    expect(closed).toBe(false);
    expect((await answerOf(socket, 'after')).text).toBe('after');
  });
});
