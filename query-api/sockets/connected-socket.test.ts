import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { SocketNotice } from '../../contracts/sockets/notices.ts';
import { type AnySocket, ConnectedSocket } from './connected-socket.ts';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

/** A socket whose connection takes nothing while it is not writable. */
const arrange = () => {
  const sent: string[] = [];
  const transport = Object.assign(new EventEmitter(), { writable: true });
  const socket = Object.assign(new EventEmitter(), {
    id: 'socket',
    data: { caller: { userId: randomUUID(), sessionId: randomUUID(), expiresAtMs: Date.now() + 60_000 } },
    conn: Object.assign(new EventEmitter(), { transport, writeBuffer: [] }),
  });
  const connected = new ConnectedSocket(socket as unknown as AnySocket);
  stops.push(() => socket.emit('disconnect'));
  // From here on, what is emitted goes to the client.
  const { emit } = socket;
  socket.emit = (event, ...values) => {
    if (event !== 'price.updated') return emit.call(socket, event, ...values);
    sent.push(`${values[0].subject} ${values[0].position}`);
    return true;
  };
  return { connected, transport, sent };
};
const price = (symbol: string, position: number): SocketNotice => ({
  id: randomUUID(),
  type: 'price.updated',
  time: '2026-01-05T10:00:00.000Z',
  position: String(position),
  subject: `test/${symbol}`,
  data: {},
});

it('keeps the latest price of each symbol while it begins, also when an older one comes later', () => {
  const { connected, sent } = arrange();
  for (const notice of [price('BTC', 7), price('ETH', 4), price('BTC', 5), price('ETH', 6)]) {
    expect(connected.takesPrice(notice)).toBe(false);
  }
  expect(sent).toEqual([]);
  connected.goLive(9n);
  expect(sent).toEqual(['test/BTC 7', 'test/ETH 6']);
  expect(connected.takesPrice(price('BTC', 10))).toBe(true);
});

it('keeps only the latest while the connection takes nothing, and sends it when it does', () => {
  const { connected, transport, sent } = arrange();
  connected.goLive(0n);
  transport.writable = false;
  for (const position of [1, 3, 2]) expect(connected.takesPrice(price('BTC', position))).toBe(false);
  transport.writable = true;
  transport.emit('ready');
  expect(sent).toEqual(['test/BTC 3']);
});
