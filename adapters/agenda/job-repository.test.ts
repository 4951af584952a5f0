import { MongoClient } from '@agendajs/mongo-backend';
import { JobRepository } from './job-repository.ts';

/** Never connects. */
const db = new MongoClient('mongodb://127.0.0.1:1').db('none');

const newSetting = () => {
  const answers: ((claimed: boolean) => void)[] = [];
  const claim = () => new Promise<boolean>((resolve) => answers.push(resolve));
  return { answers, repository: new JobRepository(db, 'none', { claim }) };
};

it('asks one question at a time, and gives agenda a job that is due and locked', async () => {
  const { answers, repository } = newSetting();
  const first = repository.getNextJobToRun('any');
  expect(await repository.getNextJobToRun('any')).toBeUndefined();
  expect(answers).toHaveLength(1);
  answers[0]!(true);
  expect(await first).toMatchObject({ name: 'any', nextRunAt: null, lockedAt: expect.any(Date) });
  const second = repository.getNextJobToRun('any');
  answers[1]!(false);
  expect(await second).toBeUndefined();
});

it('closes when the question under way is answered, and asks no other', async () => {
  const { answers, repository } = newSetting();
  const asked = repository.getNextJobToRun('any');
  let closed = false;
  const closing = repository.close().then(() => {
    closed = true;
  });
  expect(await repository.getNextJobToRun('any')).toBeUndefined();
  expect({ closed, asked: answers.length }).toEqual({ closed: false, asked: 1 });
  answers[0]!(true);
  await Promise.all([asked, closing]);
  expect(await repository.getNextJobToRun('any')).toBeUndefined();
  expect(answers).toHaveLength(1);
});
