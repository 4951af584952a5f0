import { jest } from '@jest/globals';
import { MemoryVault } from '../../adapters/memory/memory-vault.ts';
import { DomainError } from '../../contracts/errors.ts';
import { collect } from '../../test/support/collect.ts';
import { asCommand, peopleOver } from '../../test/support/people.ts';
import { Sessions } from './sessions.ts';

const setUp = async () => {
  const vault = new MemoryVault();
  const people = peopleOver({ vault });
  const userId = await people.register('ann@example.com');
  const sessions = new Sessions(vault, people.store);
  const endings = async () =>
    (await collect(people.rawStore.read(`security-${userId}`))).map(({ data }) => data as { reason: string });
  return { vault, people, userId, sessions, endings };
};
const badToken = expect.objectContaining({ code: 'bad-refresh-token' });
const passSeconds = (seconds: number) => {
  const now = Date.now.bind(Date);
  jest.spyOn(Date, 'now').mockImplementation(() => now() + seconds * 1_000);
};
afterEach(() => jest.restoreAllMocks());

it('records a reuse once, and forgets the session', async () => {
  const { sessions, userId, endings } = await setUp();
  const { sessionId, refreshToken } = await sessions.start(userId);
  await sessions.refresh(refreshToken, asCommand());
  expect(await endings()).toEqual([]);
  passSeconds(10.001);
  for (let turn = 0; turn < 3; turn++) {
    await expect(sessions.refresh(refreshToken, asCommand())).rejects.toEqual(badToken);
  }
  expect(await endings()).toEqual([{ sessionId, reason: 'refresh-token-reused' }]);
  expect(await sessions.lives({ sessionId, userId })).toBe(false);
});

it('takes one token for many that come at once, and each gets one of its own', async () => {
  const { sessions, userId } = await setUp();
  const { refreshToken } = await sessions.start(userId);
  const all = await Promise.all(Array.from({ length: 8 }, () => sessions.refresh(refreshToken, asCommand())));
  expect(new Set(all.map((each) => each.refreshToken)).size).toBe(8);
});

it('ends a session once, however often it is asked to', async () => {
  const { sessions, userId, endings } = await setUp();
  const { sessionId, refreshToken } = await sessions.start(userId);
  const end = () => sessions.end(userId, sessionId, 'signed-out', asCommand());
  await Promise.all([end(), end(), end()]);
  await end();
  expect(await endings()).toEqual([{ sessionId, reason: 'signed-out' }]);
  await expect(sessions.refresh(refreshToken, asCommand())).rejects.toEqual(badToken);
});

it('keeps nothing that a token could be read from', async () => {
  const { sessions, userId, vault } = await setUp();
  const { refreshToken } = await sessions.start(userId);
  const kept = await vault.list('refresh-tokens', new Date(Date.now() + 1_000), 10);
  expect(kept).toHaveLength(1);
  expect(JSON.stringify(kept)).not.toContain(refreshToken);
});

it('leaves no session to somebody who is deleted while it begins', async () => {
  const { sessions, userId, vault, people } = await setUp();
  const { insert } = vault;
  let sessionId = '';
  vault.insert = async (collection, id, ...rest) => {
    if (collection === 'sessions') {
      sessionId = id;
      await people.remove(userId);
    }
    return insert.call(vault, collection, id, ...rest);
  };
  await expect(sessions.start(userId)).rejects.toMatchObject({ code: 'bad-credentials' });
  expect(sessionId).not.toBe('');
  expect(await vault.get('sessions', sessionId)).toBeUndefined();
  expect(await sessions.lives({ sessionId, userId })).toBe(false);
});

it('takes nobody for a thief who could not be answered while the event store was away', async () => {
  const { sessions, people, userId, endings } = await setUp();
  const { refreshToken } = await sessions.start(userId);
  const away = jest.spyOn(people.rawStore, 'readLast').mockRejectedValue(new DomainError('store-unavailable'));
  await expect(sessions.refresh(refreshToken, asCommand())).rejects.toMatchObject({ code: 'store-unavailable' });
  away.mockRestore();
  passSeconds(3_600);
  const next = await sessions.refresh(refreshToken, asCommand());
  expect((await sessions.refresh(next.refreshToken, asCommand())).userId).toBe(userId);
  expect(await endings()).toEqual([]);
});

it('tells in the end of a session that ended while nobody could be told', async () => {
  const { sessions, people, userId, endings } = await setUp();
  const { sessionId } = await sessions.start(userId);
  const away = jest.spyOn(people.rawStore, 'append').mockRejectedValue(new DomainError('store-unavailable'));
  const end = sessions.end(userId, sessionId, 'signed-out', asCommand());
  await expect(end).rejects.toMatchObject({ code: 'store-unavailable' });
  expect(await sessions.lives({ sessionId, userId })).toBe(false);
  away.mockRestore();
  await sessions.finishEndings();
  expect(await endings()).toEqual([]);
  passSeconds(11);
  for (let turn = 0; turn < 2; turn++) await sessions.finishEndings();
  expect(await endings()).toEqual([{ sessionId, reason: 'signed-out' }]);
});
