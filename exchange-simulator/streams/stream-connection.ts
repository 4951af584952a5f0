import type { WebSocket } from 'ws';
import { answerRequest } from './stream-requests.ts';

const maxStreams = 1024;
const maxMessagesPerSecond = 5;
/** A client that reads no more is dropped rather than remembered for. */
const maxBufferedBytes = 64 * 1024 * 1024;
/** RFC 6455 §7.4.1, as Binance closes what breaks its rules. */
const policyViolation = 1008;

/** Where connections say which streams they want. */
export interface Subscriptions {
  add(stream: string, connection: StreamConnection): void;
  remove(stream: string, connection: StreamConnection): void;
}

/** One client of the streams: its subscriptions, its limits, its pings. */
export class StreamConnection {
  /** Whether events are wrapped as `{stream, data}`. */
  combined: boolean;
  /** Says nothing any more and hears nothing, as behind a broken network. */
  silent = false;
  readonly #socket: WebSocket;
  readonly #subscriptions: Subscriptions;
  readonly #streams = new Set<string>();
  readonly #unansweredPings = new Set<string>();
  #answeredAt = performance.now();
  #countedSince = performance.now();
  #messages = 0;

  constructor(socket: WebSocket, combined: boolean, subscriptions: Subscriptions) {
    this.#socket = socket;
    this.combined = combined;
    this.#subscriptions = subscriptions;
    socket.on('message', (data) => this.#received(String(data)));
    socket.on('ping', () => this.#count());
    socket.on('pong', (payload) => this.#ponged(payload.toString()));
    // A protocol error closes the socket by itself; nothing else is to be done about it.
    socket.on('error', () => undefined);
    socket.once('close', () => this.unsubscribe(this.streams));
  }

  get streams(): readonly string[] {
    return [...this.#streams];
  }

  /** False, and nothing done, when that were too many. */
  subscribe(streams: readonly string[]): boolean {
    if (new Set([...this.#streams, ...streams]).size > maxStreams) return false;
    for (const stream of streams) {
      this.#streams.add(stream);
      this.#subscriptions.add(stream, this);
    }
    return true;
  }

  unsubscribe(streams: readonly string[]): void {
    for (const stream of streams) {
      this.#streams.delete(stream);
      this.#subscriptions.remove(stream, this);
    }
  }

  send(text: string): void {
    if (this.silent || this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > maxBufferedBytes) this.drop();
    else this.#socket.send(text);
  }

  /** Pings, and closes when no ping was answered for `timeoutMs`. */
  ping(timeoutMs: number): void {
    if (this.silent || this.#socket.readyState !== this.#socket.OPEN) return;
    if (performance.now() - this.#answeredAt > timeoutMs) {
      this.close('Pong timeout');
      return;
    }
    const payload = String(Date.now());
    this.#unansweredPings.add(payload);
    this.#socket.ping(payload);
  }

  close(reason: string): void {
    this.#socket.close(policyViolation, reason);
  }

  /** Cuts the connection without a word. */
  drop(): void {
    this.#socket.terminate();
  }

  #received(text: string): void {
    if (this.silent || !this.#count()) return;
    this.send(JSON.stringify(answerRequest(text, this)));
  }

  /** Binance counts every pong; here one that was asked for is free, so that pings can be frequent in a test. */
  #ponged(payload: string): void {
    if (!this.#unansweredPings.has(payload)) {
      this.#count();
      return;
    }
    this.#unansweredPings.clear();
    this.#answeredAt = performance.now();
  }

  /** False when it was one message too many. */
  #count(): boolean {
    const now = performance.now();
    if (now - this.#countedSince >= 1000) {
      this.#countedSince = now;
      this.#messages = 0;
    }
    this.#messages += 1;
    if (this.#messages <= maxMessagesPerSecond) return true;
    this.close('Too many requests');
    return false;
  }
}
