import { StreamNames } from './stream-names.ts';

const filterOf = (namespace: string, streams?: readonly string[]) =>
  new StreamNames(namespace).filter(streams, { maxSearchWindow: 32 });

it('never asks the server for an empty beginning, which it takes for none', () => {
  for (const streams of [undefined, [''], ['user-', '']]) {
    expect(filterOf('', streams)).toMatchObject({ regex: '^[^$:]' });
    expect(filterOf('', streams)).not.toHaveProperty('prefixes');
  }
});

it('asks for the beginnings of names as they are, within the namespace', () => {
  expect(filterOf('', ['user-', 'a.*['])).toMatchObject({ prefixes: ['user-', 'a.*['] });
  expect(filterOf('one', ['user-'])).toMatchObject({ prefixes: ['one.user-'] });
  expect(filterOf('one')).toMatchObject({ prefixes: ['one.'] });
});

it('gives back the names that it was given', () => {
  for (const names of [new StreamNames(), new StreamNames('one')]) {
    for (const stream of ['user-1', 'a.b', 'é🦊%_*']) expect(names.ours(names.inStore(stream))).toBe(stream);
    expect(names.ours(names.identity)).toBeUndefined();
  }
});
