import { randomUUID } from 'node:crypto';
import { adminsStream, userStream } from '../../contracts/events/stream-names.ts';
import { Notice } from '../../contracts/sockets/notices.ts';
import { projectionContract } from '../../test/contract/projection.contract.ts';
import { userHistory } from '../../test/support/histories.ts';
import { project } from '../../test/support/project.ts';
import { noticeKey, notices } from './notice.projection.ts';

projectionContract(notices, userHistory);

const userId = randomUUID();
const stream = userStream(userId);

it.each([
  ['user.created', 'user.created', stream],
  ['user.profile-changed', 'user.updated', stream],
  ['user.email-changed', 'user.updated', stream],
  ['user.deleted', 'user.deleted', stream],
  ['admin.granted', 'user.updated', adminsStream],
  ['admin.revoked', 'user.updated', adminsStream],
])('tells of %s as %s', async (type, told, from) => {
  const data = from === adminsStream ? { userId } : { name: 'sealed-name' };
  const rows = await project(notices, [{ stream: from, type, data }]);
  expect(Object.keys(rows)).toEqual(['0000000000000000001']);
  const notice = Notice.strict().parse(rows['0000000000000000001']);
  expect(notice).toMatchObject({ type: told, time: '2026-01-01T00:00:00.000Z', position: '1', subject: userId });
});

it.each(['user.registration-abandoned', 'user.email-change-abandoned', 'user.appointed', 'user.dismissed'])(
  'does not tell of %s',
  async (type) => {
    expect(await project(notices, [{ stream, type, data: {} }])).toEqual({});
  },
);

it('has keys that sort like positions', () => {
  expect(noticeKey(9n) < noticeKey(10n)).toBe(true);
  expect(noticeKey(2n ** 63n - 1n)).toBe(String(2n ** 63n - 1n));
});
