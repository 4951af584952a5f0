import { EventEmitter } from 'node:events';
import { Admissions } from './admissions.ts';
import type { AnySocket } from './connected-socket.ts';

const socketOn = (conn: EventEmitter) => Object.assign(new EventEmitter(), { conn });
const connection = (readyState = 'open') => Object.assign(new EventEmitter(), { readyState });
const full = () => {
  const admissions = new Admissions();
  const admit = (socket: EventEmitter, userId = 'ann') => admissions.admit(userId, socket as unknown as AnySocket);
  const sockets = Array.from({ length: 50 }, () => socketOn(connection()));
  for (const socket of sockets) admit(socket);
  return { admit, sockets };
};

it('admits fifty sockets of a user, and as many of another', () => {
  const { admit } = full();
  expect(() => admit(socketOn(connection()))).toThrow(expect.objectContaining({ code: 'too-many-attempts' }));
  admit(socketOn(connection()), 'bo');
});

it('counts a socket once, until it ends or its connection does, whichever comes first', () => {
  const { admit, sockets } = full();
  const [one, other] = sockets;
  one!.emit('disconnect');
  one!.conn.emit('close');
  other!.conn.emit('close');
  for (let free = 0; free < 2; free++) admit(socketOn(connection()));
  expect(() => admit(socketOn(connection()))).toThrow();
  expect([one!.listenerCount('disconnect'), one!.conn.listenerCount('close')]).toEqual([0, 0]);
});

it('does not count one whose connection has ended already', () => {
  const { admit, sockets } = full();
  sockets[0]!.emit('disconnect');
  const gone = socketOn(connection('closed'));
  admit(gone);
  admit(socketOn(connection()));
  expect(gone.listenerCount('disconnect')).toBe(0);
});
