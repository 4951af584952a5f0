import { randomUUID } from 'node:crypto';
import { fold } from '../../contracts/decider.ts';
import type { UserEvent } from '../../contracts/events/user-events.ts';
import { applyRule } from '../../contracts/rules.ts';
import { type UserCommand, userDecider } from './user.decider.ts';

const address = { addressKey: 'k1', reservationId: randomUUID() };
const other = { addressKey: 'k2', reservationId: randomUUID() };
const created: UserEvent = { type: 'user.created', data: { email: 'ann@example.com', name: 'Ann', ...address } };
const appointmentId = randomUUID();

const given = (...events: UserEvent[]) => ({
  when: (command: UserCommand) => () =>
    applyRule(userDecider.decide, command, fold(userDecider, userDecider.initial, events)),
});

it('creates a user once', () => {
  const create: UserCommand = { type: 'create-user', email: 'ann@example.com', name: 'Ann', ...address };
  expect(given().when(create)()).toEqual([created]);
  expect(given(created).when(create)).toThrow('registration');
  expect(given({ type: 'user.registration-abandoned', data: {} }).when(create)).toThrow('given up');
});

it('writes only what changes', () => {
  const change = (command: Omit<UserCommand & { type: 'change-user' }, 'type'>) =>
    given(created).when({ type: 'change-user', ...command })();
  expect(change({ name: 'Ann' })).toEqual([]);
  expect(change({ name: 'Bo', email: { email: 'bo@example.com', ...other } })).toEqual([
    { type: 'user.email-changed', data: { email: 'bo@example.com', ...other, previous: address } },
    { type: 'user.profile-changed', data: { name: 'Bo' } },
  ]);
});

it('keeps the reservation when only the spelling changes', () => {
  expect(given(created).when({ type: 'change-user', email: { email: 'Ann@example.com', ...address } })()).toEqual([
    { type: 'user.email-changed', data: { email: 'Ann@example.com', ...address } },
  ]);
});

it('refuses an address whose reservation was given up, and gives up only what is undecided', () => {
  const abandon: UserCommand = { type: 'abandon-email-change', ...other };
  const abandoned: UserEvent = { type: 'user.email-change-abandoned', data: other };
  expect(given(created).when(abandon)()).toEqual([abandoned]);
  expect(given(created, abandoned).when(abandon)()).toEqual([]);
  expect(given(created).when({ type: 'abandon-email-change', ...address })()).toEqual([]);
  expect(given(created, abandoned).when({ type: 'change-user', email: { email: 'bo@example.com', ...other } })).toThrow(
    'given up',
  );
});

it('does not let an admin be deleted before stepping down', () => {
  const appointed: UserEvent = { type: 'user.appointed', data: { appointmentId } };
  expect(given(created, appointed).when({ type: 'delete-user' })).toThrow('steps down');
  expect(given(created, appointed).when({ type: 'dismiss', appointmentId: randomUUID() })()).toEqual([]);
  const dismissed: UserEvent = { type: 'user.dismissed', data: { appointmentId } };
  expect(given(created, appointed).when({ type: 'dismiss', appointmentId })()).toEqual([dismissed]);
  expect(given(created, appointed, dismissed).when({ type: 'delete-user' })()).toEqual([
    { type: 'user.deleted', data: address },
  ]);
});

it.each<UserCommand>([
  { type: 'change-user', name: 'Bo' },
  { type: 'delete-user' },
  { type: 'appoint', appointmentId },
])('has nobody to do “$type” to once deleted', (command) => {
  expect(given(created, { type: 'user.deleted', data: address }).when(command)).toThrow('No such user');
});
