import { randomUUID } from 'node:crypto';
import { fold } from '../../contracts/decider.ts';
import type { AdminEvent } from '../../contracts/events/admin-events.ts';
import { applyRule } from '../../contracts/rules.ts';
import { type AdminCommand, adminDecider } from './admin.decider.ts';

const appointment = () => ({ userId: randomUUID(), appointmentId: randomUUID() });
const ann = appointment();
const bo = appointment();
const granted = (data = ann): AdminEvent => ({ type: 'admin.granted', data });
const revoked = (data = ann): AdminEvent => ({ type: 'admin.revoked', data });

const given = (...events: AdminEvent[]) => ({
  when: (type: AdminCommand['type'], who = ann) =>
    applyRule(adminDecider.decide, { type, ...who }, fold(adminDecider, adminDecider.initial, events)),
});

it('grants once', () => {
  expect(given().when('grant-admin')).toEqual([granted()]);
  expect(given(granted()).when('grant-admin')).toEqual([]);
});

it('never grants an appointment that was revoked before it came, and grants the next', () => {
  expect(given(granted(bo)).when('revoke-admin')).toEqual([revoked()]);
  expect(() => given(granted(bo), revoked()).when('grant-admin')).toThrow(expect.objectContaining({ code: 'busy' }));
  const next = { ...ann, appointmentId: randomUUID() };
  expect(given(granted(bo), revoked()).when('grant-admin', next)).toEqual([granted(next)]);
});

it('revokes once, and never the last', () => {
  expect(given(granted(), granted(bo)).when('revoke-admin')).toEqual([revoked()]);
  expect(given(granted(), granted(bo), revoked()).when('revoke-admin')).toEqual([]);
  expect(() => given(granted()).when('revoke-admin')).toThrow(expect.objectContaining({ code: 'last-admin' }));
});
