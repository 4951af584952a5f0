import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { password, type RunningTidemark, startTidemark } from '../support/standalone.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const setUp = (tidemark: RunningTidemark, email: string, given: object = {}) =>
  tidemark.request('POST', '/v1/setup', {
    body: { token: tidemark.setupToken, email, password, name: 'Root', ...given },
  });

describe('a fresh installation', () => {
  let tidemark: RunningTidemark;
  beforeEach(async () => {
    tidemark = await startTidemark();
  });
  afterEach(() => tidemark.stop());

  it('refuses a wrong token, and answers an ETag that the next change can name', async () => {
    expect((await setUp(tidemark, 'root@example.com', { token: 'not the token at all' })).body).toMatchObject({
      code: 'bad-setup-token',
    });
    const done = await setUp(tidemark, 'root@example.com');
    expect(done).toMatchObject({ status: 201, body: { role: 'admin' } });
    const { token } = await tidemark.signIn('root@example.com');
    const changed = await tidemark.request('PATCH', '/v1/me', {
      token,
      body: { name: 'Root Root' },
      headers: { 'if-match': done.headers.get('etag')! },
    });
    expect(changed.status).toBe(200);
    expect((await setUp(tidemark, 'root@example.com')).body).toMatchObject({ code: 'setup-done', status: 410 });
  });

  it('makes one admin of several who set up at once; the others are members who can be deleted', async () => {
    const emails = Array.from({ length: 4 }, (_, index) => `root${index}@example.com`);
    const answers = await Promise.all(emails.map((email) => setUp(tidemark, email)));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    for (const [index, { status, body }] of answers.entries()) {
      if (status === 201) continue;
      expect(body).toMatchObject({ code: 'setup-done' });
      const { status: signedIn, body: session } = await tidemark.request('POST', '/v1/sessions', {
        body: { email: emails[index], password },
      });
      // Who came so late that nothing was begun has no account.
      if (signedIn === 401) continue;
      expect(session.user.role).toBe('member');
      expect((await tidemark.request('DELETE', '/v1/me', { token: session.accessToken })).status).toBe(204);
    }
  });
});

it('refuses a vault that does not belong to the events', async () => {
  const directory = temporaryDirectory();
  const before = await startTidemark({ directory: directory.path });
  await before.admin();
  await before.halt();
  for (const file of ['vault.db', 'vault.db-wal', 'vault.db-shm']) rmSync(join(directory.path, file), { force: true });
  await expect(startTidemark({ directory: directory.path })).rejects.toThrow('does not belong');
  directory.remove();
});
