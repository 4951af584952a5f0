import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { eventually } from '../support/eventually.ts';
import { password, type RunningTidemark, startTidemark } from '../support/standalone.ts';

/** The bytes of every file below a directory. */
const filesIn = (directory: string): { name: string; bytes: Buffer }[] =>
  readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? filesIn(path) : [{ name: entry.name, bytes: readFileSync(path) }];
  });

/** What the vault keeps of a user, as it stands in the file: the beginnings, since a long value may go on in another page. */
const keptOf = (directory: string, userId: string): string[] => {
  const vault = new Database(join(directory, 'vault.db'), { readonly: true });
  const rows = vault.prepare('SELECT value FROM records WHERE id = ? OR subject = ?').raw().all(userId, userId);
  vault.close();
  return (rows as [string][]).map(([value]) => value.slice(0, 60));
};

let tidemark: RunningTidemark;
beforeAll(async () => {
  tidemark = await startTidemark();
});
afterAll(() => tidemark.stop());

it('leaves no address, name, key, hash or token of a deleted user in any file or in the log', async () => {
  const { request } = tidemark;
  const admin = await tidemark.admin();
  const texts = ['quetzal.person@example.com', 'Quetzalcoatl Zoë', 'second.quetzal@example.com', 'Xiuhtecuhtli Name'];
  const [email, name, laterEmail, laterName] = texts as [string, string, string, string];

  const created = await request('POST', '/v1/users', {
    body: { email, password, name },
    headers: { 'idempotency-key': 'erasure-1' },
  });
  const userId: string = created.body.id;
  const person = await tidemark.signIn(email);
  await request('POST', '/v1/sessions/refresh', { body: { refreshToken: person.refreshToken } });
  await request('PATCH', '/v1/me', { token: person.token, body: { email: laterEmail, name: laterName } });
  await request('POST', '/v1/sessions', { body: { email: laterEmail, password: 'wrong password' } });
  await request('POST', '/v1/users', { body: { email: laterEmail, password, name: laterName } });
  await eventually(async () => {
    const { body } = await request('GET', `/v1/users?email=${laterEmail}`, { token: admin.token });
    return body.items[0]?.name === laterName;
  });
  // Others come and go, so that pages are split and joined around the records.
  const others = await Promise.all(
    Array.from({ length: 20 }, (_, index) => tidemark.member(`other${index}@example.com`)),
  );
  for (const other of others.filter((_, index) => index % 2 === 0))
    await request('DELETE', '/v1/me', { token: other.token });

  const kept = keptOf(tidemark.path, userId);
  // The key, the credential, two sessions’ tokens and the answer that was kept for repeats.
  expect(kept.length).toBeGreaterThanOrEqual(5);
  const sought = [...texts, ...texts.map((text) => JSON.stringify(text).slice(1, -1)), ...kept];
  const found = () => {
    const files = [...filesIn(tidemark.path), { name: 'log', bytes: Buffer.from(tidemark.logged()) }];
    return sought.filter((text) => files.some(({ bytes }) => bytes.includes(text)));
  };
  expect(found().length).toBeGreaterThanOrEqual(kept.length);

  expect((await request('DELETE', '/v1/me', { token: person.token })).status).toBe(204);
  expect(found()).toEqual([]);
  expect(keptOf(tidemark.path, userId)).toHaveLength(1);

  await eventually(async () => (await request('GET', `/v1/users/${userId}`, { token: admin.token })).status === 404);
  expect(found()).toEqual([]);
}, 30_000);
