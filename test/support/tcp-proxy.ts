import { once } from 'node:events';
import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from 'node:net';

export interface TcpProxyOptions {
  /** Where to, as `host:port`. */
  readonly target: string;
  /** How long every byte is under way, each way. Can be changed later. */
  readonly latencyMs?: number;
}

/** A network between a client and its server that fails on command. All of it is undone by `resume()`. */
export interface TcpProxy {
  readonly port: number;
  /** `127.0.0.1:<port>` */
  readonly address: string;
  /** Of the connections made from now on, and of bytes that come from now on. */
  latencyMs: number;
  /** How many connections there are. */
  readonly connections: number;
  /** Breaks every connection. New ones are let through. */
  cut(): void;
  /** Connections stay, and new ones are accepted, but not a byte passes: like a server that is stopped. */
  pause(): void;
  /** Nothing passes on today's connections ever again, and nobody is told: half-open. New ones are let through. */
  strand(): void;
  /** Breaks every connection and lets nobody in: like a server that is gone. */
  refuse(): Promise<void>;
  /** Lets bytes through that wait, and everybody in. */
  resume(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a proxy on a free port of this machine. */
export const startTcpProxy = async (options: TcpProxyOptions): Promise<TcpProxy> => {
  const network = new FailingNetwork(options);
  await network.listen();
  return network;
};

class FailingNetwork implements TcpProxy {
  latencyMs: number;
  port = 0;
  readonly #host: string;
  readonly #targetPort: number;
  readonly #links = new Set<Link>();
  #server: Server | undefined;
  #paused = false;

  constructor({ target, latencyMs = 0 }: TcpProxyOptions) {
    const colon = target.lastIndexOf(':');
    this.#host = target.slice(0, colon);
    this.#targetPort = Number(target.slice(colon + 1));
    this.latencyMs = latencyMs;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get connections(): number {
    return this.#links.size;
  }

  cut(): void {
    for (const link of this.#links) link.reset();
  }

  pause(): void {
    this.#paused = true;
    for (const link of this.#links) link.hold();
  }

  strand(): void {
    for (const link of this.#links) link.strand();
  }

  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = server && once(server, 'close');
    server?.close();
    this.cut();
    await closed;
  }

  async resume(): Promise<void> {
    this.#paused = false;
    for (const link of this.#links) link.release();
    if (!this.#server) await this.listen();
  }

  close(): Promise<void> {
    return this.refuse();
  }

  /** On the same port as before, where there was one. */
  async listen(): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (client) => this.#link(client));
    this.#server = server;
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.port = (server.address() as AddressInfo).port;
  }

  #link(client: Socket): void {
    const link = new Link(
      client,
      () => dial({ host: this.#host, port: this.#targetPort, allowHalfOpen: true }),
      () => this.latencyMs,
      () => this.#links.delete(link),
    );
    this.#links.add(link);
    if (!this.#paused) link.release();
  }
}

/** One connection: a socket to each side, and what is under way between them. */
class Link {
  readonly #client: Socket;
  readonly #dial: () => Socket;
  readonly #latencyMs: () => number;
  readonly #ended: () => void;
  /** Dialled when the first byte may pass. */
  #server: Socket | undefined;
  #lanes: Lane[] = [];
  #stranded = false;

  constructor(client: Socket, dialServer: () => Socket, latencyMs: () => number, ended: () => void) {
    this.#client = client;
    this.#dial = dialServer;
    this.#latencyMs = latencyMs;
    this.#ended = ended;
    this.#watch(client);
  }

  hold(): void {
    for (const lane of this.#lanes) lane.hold();
  }

  release(): void {
    if (this.#stranded) return;
    this.#server ??= this.#connect();
    for (const lane of this.#lanes) lane.release();
  }

  strand(): void {
    this.#stranded = true;
    this.hold();
  }

  reset(): void {
    this.hold();
    for (const socket of [this.#client, this.#server]) if (socket && !socket.destroyed) socket.destroy();
    this.#ended();
  }

  #connect(): Socket {
    const server = this.#dial();
    this.#watch(server);
    this.#lanes = [new Lane(this.#client, server, this.#latencyMs), new Lane(server, this.#client, this.#latencyMs)];
    return server;
  }

  #watch(socket: Socket): void {
    socket.setNoDelay();
    socket.on('error', () => this.reset());
    socket.on('close', () => {
      if (this.#client.destroyed && (!this.#server || this.#server.destroyed)) this.#ended();
    });
  }
}

const mostWaiting = 64;

/** What goes one way: in order, each chunk no sooner than `latencyMs` after it came, and only while nothing holds it. */
class Lane {
  readonly #from: Socket;
  readonly #queue: { readonly dueAt: number; readonly pass: () => void }[] = [];
  #held = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, latencyMs: () => number) {
    this.#from = from;
    const enqueue = (pass: () => void) => {
      this.#queue.push({ dueAt: performance.now() + latencyMs(), pass });
      this.#flush();
      if (this.#queue.length > mostWaiting) from.pause();
    };
    from.on('data', (chunk) =>
      enqueue(() => {
        if (to.write(chunk)) return;
        from.pause();
        to.once('drain', () => from.resume());
      }),
    );
    from.on('end', () => enqueue(() => to.end()));
  }

  hold(): void {
    this.#held = true;
    clearTimeout(this.#timer);
  }

  release(): void {
    this.#held = false;
    this.#from.resume();
    this.#flush();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    while (!this.#held && this.#queue[0] && this.#queue[0].dueAt <= performance.now()) this.#queue.shift()!.pass();
    const next = this.#queue[0];
    if (this.#held || !next) return;
    this.#timer = setTimeout(
      () => {
        this.#flush();
        this.#from.resume();
      },
      Math.ceil(next.dueAt - performance.now()),
    );
  }
}
