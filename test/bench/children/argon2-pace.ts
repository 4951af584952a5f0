import { hash } from '@node-rs/argon2';
import { passwordParameters } from '../../../runtime/passwords.ts';

interface PaceJob {
  readonly measureMs: number;
  readonly atOnce: number;
}

/** Hashes and does nothing else; answers how many a second. */
const run = async ({ measureMs, atOnce }: PaceJob): Promise<number> => {
  const startedAt = performance.now();
  let hashed = 0;
  const work = async () => {
    while (performance.now() - startedAt < measureMs) {
      await hash('a password of the bench', passwordParameters);
      hashed++;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return hashed / ((performance.now() - startedAt) / 1000);
};

process.once('message', async (job: PaceJob) => {
  const perSecond = await run(job);
  process.send!(perSecond, () => process.disconnect());
});
