import { type RawData, WebSocket } from 'ws';
import { StreamMessage } from './binance-answers.ts';
import { sourceOf } from './binance-rest.ts';

export interface SocketOptions {
  readonly handshakeTimeoutMs: number;
  /** With neither a word nor a ping for so long it counts as half-open: the other side may be gone without our being told. */
  readonly idleMs: number;
  /** Without a word for so long the other side may be there, but the stream is dead. Longer than a candle takes to close. */
  readonly quietMs: number;
  /** Binance closes connections after 24 hours; we replace them before. */
  readonly maxAgeMs: number;
}

export interface Listener {
  /** Before any message. */
  readonly opened: () => void;
  readonly message: (message: StreamMessage) => void;
  /** Something came that is no message of the kind we know. */
  readonly malformed: () => void;
  /** The other side goes by another name than expected. */
  readonly mistaken: () => void;
}

/** Why a socket should be replaced, and whether it still delivers until it is. */
export interface Due {
  readonly reason: string;
  readonly alive: boolean;
}

export interface PriceSocket {
  /** Settles once, never rejects. */
  readonly due: Promise<Due>;
  isOpen(): boolean;
  /** Resolves when nothing of it is left open. Safe to repeat. */
  terminate(): Promise<void>;
}

const maxMessageBytes = 1024 * 1024;

const read = (data: RawData): StreamMessage | undefined => {
  try {
    return StreamMessage.safeParse(JSON.parse(String(data))).data;
  } catch {
    return undefined;
  }
};

/** The reason of the first that happens. */
const whenDue = (socket: WebSocket, { idleMs, quietMs, maxAgeMs }: SocketOptions, { message, malformed }: Listener) =>
  new Promise<Due>((resolve) => {
    const giveUp = (reason: string) => {
      resolve({ reason, alive: false });
      socket.terminate();
    };
    const idle = setTimeout(() => giveUp(`silent for ${idleMs} ms`), idleMs);
    const quiet = setTimeout(() => giveUp(`without a message for ${quietMs} ms`), quietMs);
    const aged = setTimeout(() => resolve({ reason: 'old enough to be replaced', alive: true }), maxAgeMs);
    socket.on('message', (data) => {
      const known = read(data);
      if (!known) return malformed();
      // Only what we understand is a sign of life.
      idle.refresh();
      quiet.refresh();
      if (known.type === 'shutdown') return resolve({ reason: 'the server announced its shutdown', alive: true });
      message(known);
    });
    // In a quiet market nothing else may come for most of a minute.
    socket.on('ping', () => idle.refresh());
    socket.on('close', (code) => {
      clearTimeout(idle);
      clearTimeout(quiet);
      clearTimeout(aged);
      resolve({ reason: `closed with ${code}`, alive: false });
    });
  });

/**
 * Opens a connection to a combined stream.
 * @throws when there is none in time, the signal aborts, or the other side goes by another name than `source`
 */
export const openPriceSocket = async (
  url: string,
  source: string,
  options: SocketOptions,
  listener: Listener,
  signal: AbortSignal,
): Promise<PriceSocket> => {
  signal.throwIfAborted();
  const socket = new WebSocket(url, {
    handshakeTimeout: options.handshakeTimeoutMs,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const terminate = () => {
    socket.terminate();
    return closed;
  };
  const due = whenDue(socket, options, listener);
  const abort = () => socket.terminate();
  signal.addEventListener('abort', abort);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('upgrade', ({ headers }) => {
        const name = sourceOf(headers);
        if (name === source) return;
        listener.mistaken();
        reject(new Error(`the stream goes by the name ${name}, not ${source}`));
        socket.terminate();
      });
      // Stays for the socket's life: an error without a listener would end the process, and `close` follows anyway.
      socket.on('error', reject);
      socket.once('open', () => {
        listener.opened();
        resolve();
      });
    });
  } catch (error) {
    await terminate();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
  return { due, isOpen: () => socket.readyState === WebSocket.OPEN, terminate };
};
