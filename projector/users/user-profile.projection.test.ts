import { randomUUID } from 'node:crypto';
import { adminsStream, userStream } from '../../contracts/events/stream-names.ts';
import { projectionContract } from '../../test/contract/projection.contract.ts';
import { userHistory } from '../../test/support/histories.ts';
import { project } from '../../test/support/project.ts';
import { userProfiles } from './user-profile.projection.ts';

projectionContract(userProfiles, userHistory);

const id = randomUUID();
const stream = userStream(id);
const address = { addressKey: 'k1', reservationId: randomUUID() };
const appointment = { appointmentId: randomUUID() };
const created = { stream, type: 'user.created', data: { email: 'sealed-email', name: 'sealed-name', ...address } };
const granted = { stream: adminsStream, type: 'admin.granted', data: { userId: id, ...appointment } };
const fresh = {
  email: 'sealed-email',
  name: 'sealed-name',
  addressKey: 'k1',
  role: 'member',
  revision: 0,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
};
const second = '2026-01-01T00:01:00.000Z';
const after = async (...past: object[]) => {
  const rows = await project(
    userProfiles,
    [created, ...past].map((event) => ({ stream, data: {}, type: '', ...event })),
  );
  return rows[id];
};

it('shows a new user as a member', async () => {
  expect(await after()).toEqual(fresh);
});

it('shows the latest name', async () => {
  const changed = { type: 'user.profile-changed', data: { name: 'sealed-other' } };
  expect(await after(changed)).toEqual({ ...fresh, name: 'sealed-other', revision: 1, updatedAt: second });
});

it('shows the latest address, and is found by it', async () => {
  const data = { email: 'sealed-new', addressKey: 'k2', reservationId: randomUUID(), previous: address };
  expect(await after({ type: 'user.email-changed', data })).toEqual({
    ...fresh,
    email: 'sealed-new',
    addressKey: 'k2',
    revision: 1,
    updatedAt: second,
  });
});

it.each([
  ['user.email-change-abandoned', { addressKey: 'k2', reservationId: randomUUID() }],
  ['user.appointed', appointment],
  ['user.dismissed', appointment],
])('moves revision and time, and nothing else: %s', async (type, data) => {
  expect(await after({ type, data })).toEqual({ ...fresh, revision: 1, updatedAt: '2026-01-01T00:01:00.000Z' });
});

it('shows who is an admin, and who no longer is', async () => {
  expect(await after(granted)).toEqual({ ...fresh, role: 'admin', ...appointment });
  expect(await after(granted, { ...granted, type: 'admin.revoked' })).toEqual(fresh);
});

it('still shows an admin when another appointment ends', async () => {
  const another = { ...granted, type: 'admin.revoked', data: { userId: id, appointmentId: randomUUID() } };
  expect(await after(granted, another)).toEqual({ ...fresh, role: 'admin', ...appointment });
  expect(await after(another, granted)).toEqual({ ...fresh, role: 'admin', ...appointment });
});

it('has no row for an admin who is not a user', async () => {
  expect(await project(userProfiles, [granted])).toEqual({});
});

it('forgets a deleted user, whatever comes later', async () => {
  expect(await after({ type: 'user.deleted', data: address })).toBeUndefined();
  expect(await after({ type: 'user.deleted', data: address }, granted)).toBeUndefined();
});

it('has no row for a registration that was given up', async () => {
  expect(await project(userProfiles, [{ stream, type: 'user.registration-abandoned', data: {} }])).toEqual({});
});
