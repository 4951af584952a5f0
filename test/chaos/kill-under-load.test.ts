import { temporaryDirectory } from '../support/temporary-directory.ts';
import { killUnderLoad } from './kill-under-load.ts';

it('loses no acknowledged command to kill -9 under load, and its views are a fold of its events', async () => {
  const directory = temporaryDirectory();
  for await (const { acknowledged, lost, broken, differing } of killUnderLoad(directory.path, 2)) {
    expect(acknowledged).toBeGreaterThan(100);
    expect({ lost, broken, differing }).toEqual({ lost: 0, broken: 0, differing: 0 });
  }
  directory.remove();
}, 120_000);
