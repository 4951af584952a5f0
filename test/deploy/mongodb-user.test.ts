import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';

/** The parts of mongosh that a script uses, with `/secrets/password`. */
const shell = (answers: { readonly ping: () => unknown }) => {
  const users: { database: string; user: unknown }[] = [];
  const urls: string[] = [];
  const codes: number[] = [];
  const context = {
    require: (name: string) => {
      expect(name).toBe('node:fs');
      return { readFileSync: (path: string) => (path === '/secrets/password' ? 'abc123\n' : undefined) };
    },
    db: { getSiblingDB: (database: string) => ({ createUser: (user: unknown) => users.push({ database, user }) }) },
    connect: (url: string) => {
      urls.push(url);
      return { runCommand: answers.ping };
    },
    quit: (code: number) => codes.push(code),
  };
  const run = (script: string) => runInNewContext(readFileSync(`deploy/mongodb/${script}`, 'utf8'), context);
  return { run, users, urls, codes };
};

it('makes the user that the services sign in as, for their two databases alone', () => {
  const { run, users } = shell({ ping: () => undefined });
  run('create-user.js');
  const roles = ['tidemark', 'tidemark-vault'].map((db) => ({ role: 'readWrite', db }));
  expect(users).toEqual([{ database: 'tidemark', user: { user: 'tidemark', pwd: 'abc123', roles } }]);
});

it('is ready when that user is answered', () => {
  const ready = shell({ ping: () => ({ ok: 1 }) });
  ready.run('is-ready.js');
  expect(ready.codes).toEqual([0]);
  expect(ready.urls).toEqual([
    expect.stringMatching(/^mongodb:\/\/tidemark:abc123@mongodb:27017\/tidemark\?authSource=tidemark&/),
  ]);
  const ill = shell({ ping: () => ({ ok: 0 }) });
  ill.run('is-ready.js');
  expect(ill.codes).toEqual([1]);
});
