import { connect, type Socket } from 'node:net';
import { type ISocketFactory, Kafka, type LogEntry, logLevel } from 'kafkajs';

export type Connect = (port: number, host: string) => Socket;

export const connectByTcp: Connect = (port, host) =>
  connect({ port, host, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 });

export interface KafkaClientOptions {
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** How long one answer may take. */
  readonly deadlineMs: number;
  readonly connect: Connect;
  readonly log: (entry: LogEntry) => void;
}

const longestConnectMs = 1_000;

/**
 * A kafkajs client whose connections can be cut. kafkajs can't be told to stop trying; without connections nothing that it
 * still has in mind leaves this process, and nothing of it keeps the process.
 */
export class KafkaClient {
  readonly kafka: Kafka;
  readonly #sockets = new Set<Socket>();
  readonly #connect: Connect;
  #isCut = false;

  constructor({ brokers, clientId, deadlineMs, connect, log }: KafkaClientOptions) {
    this.#connect = connect;
    this.kafka = new Kafka({
      brokers: [...brokers],
      clientId,
      connectionTimeout: Math.min(longestConnectMs, deadlineMs),
      requestTimeout: deadlineMs,
      // Its tries lie within each other, and each level goes on when nobody wants it any more: so one more try, and those who
      // ask try again as long as they mean to. All figures, since kafkajs takes others where NODE_ENV is "test".
      retry: { retries: 1, initialRetryTime: 100, multiplier: 2, factor: 0.2, maxRetryTime: 1_000 },
      socketFactory: (where) => this.#open(where),
      logLevel: logLevel.WARN,
      logCreator: () => (entry) => {
        if (!this.#isCut) log(entry);
      },
    });
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  /** For good. What waits for an answer fails at once. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy(new Error('the client has been given up'));
  }

  #open({ host, port, onConnect }: Parameters<ISocketFactory>[0]): Socket {
    if (this.#isCut) throw new Error('the client has been given up');
    const socket = this.#connect(port, host);
    this.#sockets.add(socket);
    return socket.once('connect', onConnect).once('close', () => this.#sockets.delete(socket));
  }
}
