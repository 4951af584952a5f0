import { MemoryViewStore } from '../../adapters/memory/memory-view-store.ts';
import { notices } from '../../projector/notices/notice.projection.ts';
import { userProfiles } from '../../projector/users/user-profile.projection.ts';
import { ViewProgress } from '../../runtime/view-progress.ts';
import { NoticeBacklog } from './notice-backlog.ts';

it('reaches as far as both the notices and the users that they tell of', async () => {
  const views = new MemoryViewStore();
  const backlog = new NoticeBacklog(views, new ViewProgress(views));
  expect(await backlog.horizon()).toBe(0n);
  await views.apply(notices, [], 5n);
  expect(await backlog.horizon()).toBe(0n);
  await views.apply(userProfiles, [], 3n);
  expect(await backlog.horizon()).toBe(3n);
  await views.apply(userProfiles, [], 9n);
  expect(await backlog.horizon()).toBe(5n);
});
