import { UnderWay } from './under-way.ts';

it('is idle when nothing was begun, and when all that was begun has ended', async () => {
  const work = new UnderWay();
  await work.idle();
  work.begin();
  work.begin();
  let idle = false;
  const waiting = work.idle().then(() => {
    idle = true;
  });
  work.end();
  await Promise.resolve();
  expect(idle).toBe(false);
  work.end();
  await waiting;
  expect(idle).toBe(true);
});
