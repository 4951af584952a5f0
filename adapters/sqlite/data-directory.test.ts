import { chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../../test/support/temporary-directory.ts';
import { type DataDirectory, masterKeyIn, openDataDirectory } from './data-directory.ts';

const parent = temporaryDirectory();
afterAll(() => parent.remove());
const opened: DataDirectory[] = [];
const open = (name: string): DataDirectory => {
  const directory = openDataDirectory(join(parent.path, name));
  opened.push(directory);
  return directory;
};
afterEach(() => {
  for (const directory of opened.splice(0)) directory.close();
});
const modeOf = (file: string) => (statSync(file).mode & 0o777).toString(8);

it('is taken by one at a time, and free when that one closes it', () => {
  const first = open('taken');
  expect(() => open('taken')).toThrow('is in use by another Tidemark process');
  opened.pop();
  first.close();
  open('taken');
});

it('is its owner’s only, and so is the master key, also after somebody opened it to others', () => {
  const directory = open('owned');
  expect(modeOf(join(parent.path, 'owned'))).toBe('700');
  const key = masterKeyIn(directory);
  expect(key).toHaveLength(32);
  const file = directory.file('master.key');
  expect(modeOf(file)).toBe('600');
  chmodSync(file, 0o644);
  expect(masterKeyIn(directory)).toEqual(key);
  expect(modeOf(file)).toBe('600');
});
