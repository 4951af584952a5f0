import { MemoryViewStore } from '../../adapters/memory/memory-view-store.ts';
import { erased } from '../../contracts/events/catalogue.ts';
import { userProfiles } from '../../projector/users/user-profile.projection.ts';
import { ServedViews } from '../../runtime/served-views.ts';
import { ViewProgress } from '../../runtime/view-progress.ts';
import { asking } from '../../test/support/asking.ts';
import { peopleOver } from '../../test/support/people.ts';
import { userRoutes } from './user.routes.ts';
import { UserReader } from './user-reader.ts';

const idOf = (index: number) => `0195c1d0-6f3a-7c2e-9b44-0000000000${String(index).padStart(2, '0')}`;
const caller = { userId: idOf(1), sessionId: idOf(99), expiresAtMs: Number.POSITIVE_INFINITY };

const arrange = async (count: number) => {
  const [views, people, { endpoint, ask }] = [new MemoryViewStore(), peopleOver(), asking()];
  const second = { ...userProfiles, version: 2, previous: userProfiles };
  const served = new ServedViews(views, [second]);
  await served.pointers.move(userProfiles, new Date(0));
  const progress = new ViewProgress(views, { served });
  userRoutes(endpoint, new UserReader(views, progress, people.personalData), people.addressKeyOf);
  const put = async (index: number, change: object = {}) => {
    const id = idOf(index);
    await people.personalData.createKey(id);
    const email = `user${index}@example.com`;
    const value = {
      email: await people.personalData.seal(id, 'email', email),
      name: await people.personalData.seal(id, 'name', `User ${index}`),
      addressKey: people.addressKeyOf(email),
      role: 'member',
      revision: index,
      createdAt: '2026-01-05T10:00:00.000Z',
      updatedAt: '2026-01-05T10:00:00.000Z',
      ...change,
    };
    await views.apply(userProfiles, [{ key: id, position: BigInt(index), value }], BigInt(index * 10));
  };
  for (let index = 1; index <= count; index++) await put(index);
  return { ask, views, served, second, people, put };
};

it('shows a user opened, with revision and the position to listen from', async () => {
  const { ask } = await arrange(2);
  const answer = await ask('getUser', { params: { id: idOf(2).toUpperCase() } });
  expect(answer).toEqual({
    body: {
      id: idOf(2),
      email: 'user2@example.com',
      name: 'User 2',
      role: 'member',
      createdAt: '2026-01-05T10:00:00.000Z',
      updatedAt: '2026-01-05T10:00:00.000Z',
    },
    revision: 2,
    position: 20n,
  });
  expect((await ask('getMe', { caller })).body.id).toBe(idOf(1));
});

it('shows what is erased as erased, and who is gone not at all', async () => {
  const { ask, people, views } = await arrange(1);
  await people.personalData.destroyKey(idOf(1));
  expect((await ask('getMe', { caller })).body).toMatchObject({ email: erased, name: erased, role: 'member' });
  await views.apply(userProfiles, [{ key: idOf(1), position: 5n, value: undefined }], 50n);
  await expect(ask('getMe', { caller })).rejects.toMatchObject({ code: 'user-not-found' });
});

it('takes the position before the row, so that nobody misses what comes in between', async () => {
  const { ask, views, put } = await arrange(1);
  const get = views.get.bind(views);
  views.get = async (...asked) => {
    await put(2);
    return get(...asked);
  };
  expect((await ask('getMe', { caller })).position).toBe(10n);
});

it('waits for what the reader has seen, and says so when it takes too long', async () => {
  const { ask, views, put } = await arrange(1);
  const waiting = ask('getMe', { caller, minimum: 20n });
  await put(2);
  expect((await waiting).position).toBe(20n);
  await expect(ask('listUsers', { minimum: 21n })).rejects.toMatchObject({ code: 'view-behind', retryAfterSeconds: 1 });
  expect(await views.checkpoint(userProfiles)).toBe(20n);
});

it('reads anew as soon as the view has moved', async () => {
  const { ask, put, views } = await arrange(1);
  const role = async () => (await ask('getMe', { caller })).body.role;
  expect(await role()).toBe('member');
  const [row] = await views.load(userProfiles, [idOf(1)]);
  await views.apply(userProfiles, [{ ...row!, position: 2n, value: { ...row!.value, role: 'admin' } }], 20n);
  expect(await role()).toBe('admin');
  await put(3);
  expect((await ask('getMe', { caller })).position).toBe(30n);
});

it('shows what the version has whose position it tells, also where readers go over to another meanwhile', async () => {
  const { ask, views, served, second } = await arrange(1);
  await views.apply(second, await views.load(userProfiles, [idOf(1)]), 10n);
  const renamed = { ...(await views.get(userProfiles, idOf(1)))!, position: 11n };
  await views.apply(userProfiles, [{ ...renamed, value: { ...renamed.value, revision: 7 } }], 11n);
  const checkpoint = views.checkpoint.bind(views);
  views.checkpoint = async (view) => {
    const reached = await checkpoint(view);
    if (view === userProfiles) await served.pointers.move(second, new Date(1));
    return reached;
  };
  const { revision, position } = await ask('getMe', { caller });
  expect([revision, position]).toEqual([7, 11n]);
  // What was seen there is waited for here.
  const waiting = ask('getMe', { caller, minimum: 11n });
  await views.apply(second, [{ ...renamed, value: { ...renamed.value, revision: 8 } }], 12n);
  expect(await waiting).toMatchObject({ revision: 8, position: 12n });
  expect((await ask('listUsers')).position).toBe(12n);
});

it('asks the view store twice for a user, and once as long as nothing has happened', async () => {
  const { ask, views } = await arrange(1);
  let asked = 0;
  const [get, checkpoint] = [views.get.bind(views), views.checkpoint.bind(views)];
  views.get = async (...which) => {
    asked++;
    return get(...which);
  };
  views.checkpoint = async (view) => {
    asked++;
    return checkpoint(view);
  };
  await ask('getMe', { caller, minimum: 10n });
  expect(asked).toBe(2);
  await Promise.all(Array.from({ length: 20 }, () => ask('getMe', { caller, minimum: 10n })));
  expect(asked).toBe(3);
});

it('lists by page, each user once, the oldest first', async () => {
  const { ask } = await arrange(7);
  const seen: string[] = [];
  let pages = 0;
  for (let cursor: string | undefined; pages === 0 || cursor; pages++) {
    const { body, position } = await ask('listUsers', { query: { limit: '3', ...(cursor && { cursor }) } });
    expect(position).toBe(70n);
    seen.push(...body.items.map(({ id }: { id: string }) => id));
    cursor = body.nextCursor ?? undefined;
  }
  expect(pages).toBe(3);
  expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7].map(idOf));
});

it('finds by email, however it is written', async () => {
  const { ask } = await arrange(3);
  const { body } = await ask('listUsers', { query: { email: ' USER2@Example.com' } });
  expect(body).toMatchObject({ items: [{ id: idOf(2) }], nextCursor: null });
  expect((await ask('listUsers', { query: { email: 'nobody@example.com' } })).body.items).toEqual([]);
});

it.each(['', 'x', Buffer.from('a').toString('base64url'), `${Buffer.from(idOf(1)).toString('base64url')}=`])(
  'refuses the cursor %p',
  async (cursor) => {
    const { ask } = await arrange(1);
    await expect(ask('listUsers', { query: { cursor } })).rejects.toMatchObject({ code: 'bad-cursor' });
  },
);
