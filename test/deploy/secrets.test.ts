import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect, createServer, rootCertificates } from 'node:tls';
import { readConfiguration } from '../../runtime/configuration.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { mounts, readComposeFile } from './compose-file.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

/** Runs the script; what it printed, both on stdout and stderr. */
const makeSecrets = (path = directory.path, environment: Readonly<Record<string, string>> = {}) => {
  const { status, stdout, stderr } = spawnSync('deploy/secrets/make-secrets.sh', [path], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, ...environment },
  });
  return { status, said: stdout + stderr };
};
const read = (name: string) => readFileSync(join(directory.path, name), 'utf8').trim();
const files = (path = directory.path) =>
  readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(path, name)).isFile())
    .sort();
const contents = () => Object.fromEntries(files().map((name) => [name, read(name)]));
const certificate = () => new X509Certificate(read('eventstoredb/node.crt'));

let first: ReturnType<typeof makeSecrets>;
beforeAll(() => {
  first = makeSecrets();
});

it('makes them all, and prints none', () => {
  expect(first).toEqual({
    status: 0,
    said: files()
      .map((name) => `made ${name}`)
      .toSorted(inOrderOf(first.said))
      .join('\n')
      .concat('\n'),
  });
  const secrets = Object.values(contents()).flatMap((text) => text.match(/[0-9a-f]{32,}|[A-Za-z0-9+/=]{40,}/g) ?? []);
  expect(secrets.length).toBeGreaterThan(10);
  expect(secrets.filter((secret) => first.said.includes(secret))).toEqual([]);
});
const inOrderOf = (said: string) => (one: string, other: string) => said.indexOf(one) - said.indexOf(other);

it('changes nothing when it runs again, and says nothing', () => {
  const before = contents();
  expect(makeSecrets()).toEqual({ status: 0, said: '' });
  expect(contents()).toEqual(before);
});

it('lets in the group and nobody else, whatever the umask, and lets nobody write', () => {
  const mode = (name: string) => (statSync(join(directory.path, name)).mode & 0o777).toString(8);
  expect(files().map((name) => [name, mode(name)])).toEqual(files().map((name) => [name, '440']));
  for (const name of ['eventstoredb', 'eventstoredb/ca', 'mongodb', 'redis', 'tidemark'])
    expect([name, mode(name)]).toEqual([name, '750']);
});

it('makes what was lost, what follows from it, and no more', () => {
  const before = contents();
  rmSync(join(directory.path, 'redis/password'));
  expect(makeSecrets().said).toBe('made redis/password\nmade redis/users.acl\nmade tidemark/redis-url\n');
  const after = contents();
  const changed = Object.keys(before).filter((name) => before[name] !== after[name]);
  expect(changed).toEqual(['redis/password', 'redis/users.acl', 'tidemark/redis-url']);
});

it('goes on after it was cut off, and takes nothing half-made for whole', () => {
  const before = contents();
  rmSync(join(directory.path, 'eventstoredb/node.crt'));
  writeFileSync(join(directory.path, 'eventstoredb/node.crt.new'), 'half');
  rmSync(join(directory.path, 'mongodb/password'));
  writeFileSync(join(directory.path, 'mongodb/password'), '');
  writeFileSync(join(directory.path, 'tidemark/master-key.new'), 'half');
  expect(makeSecrets().status).toBe(0);
  expect(files().filter((name) => name.endsWith('.new'))).toEqual([]);
  expect(files()).toEqual(Object.keys(before));
  expect(read('mongodb/password')).toMatch(/^[0-9a-f]{48}$/);
  expect(read('tidemark/mongo-url')).toContain(`:${read('mongodb/password')}@`);
  expect(read('tidemark/ca.crt')).toBe(read('eventstoredb/ca/ca.crt'));
  expect(certificate().verify(new X509Certificate(read('eventstoredb/ca/ca.crt')).publicKey)).toBe(true);
});

it('makes other certificates half a year before they expire, and changes nothing else', () => {
  const script = readFileSync('deploy/secrets/make-secrets.sh', 'utf8');
  const short = join(directory.path, 'make-short-lived.sh');
  writeFileSync(short, script.replace('days=1825', 'days=100'), { mode: 0o755 });
  for (const name of ['node.key', 'node.crt', 'ca/ca.crt']) rmSync(join(directory.path, 'eventstoredb', name));
  expect(spawnSync(short, [directory.path]).status).toBe(0);
  rmSync(short);
  const before = contents();
  const days = (Date.parse(certificate().validTo) - Date.now()) / 86_400_000;
  expect(Math.round(days)).toBe(100);
  expect(makeSecrets().status).toBe(0);
  const after = contents();
  const changed = Object.keys(before).filter((name) => before[name] !== after[name]);
  expect(changed).toEqual([
    'eventstoredb/ca/ca.crt',
    'eventstoredb/node.crt',
    'eventstoredb/node.key',
    'tidemark/ca.crt',
  ]);
});

it.each([
  ['fails', 'echo no entropy >&2\nexit 1', 'no entropy\n'],
  ['gives nothing', 'exit 0', ''],
])('fails with nothing made where openssl %s', (_, script, words) => {
  const [empty, broken] = [temporaryDirectory(), temporaryDirectory()];
  writeFileSync(join(broken.path, 'openssl'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const { status, said } = makeSecrets(empty.path, { PATH: `${broken.path}:${process.env.PATH}` });
  expect([status === 0, said]).toEqual([false, words]);
  expect(files(empty.path).filter((name) => !name.endsWith('.new'))).toEqual([]);
  empty.remove();
  broken.remove();
});

const works = ([program = '', ...options]: readonly string[]) =>
  spawnSync(program, [...options, '-c', 'true']).status === 0;
/** Those of other images, as far as they are here; sh has made those above. */
const otherShells = [['bash', '--posix'], ['busybox', 'sh'], ['sh']].filter(works).slice(0, 2);

it.each(otherShells)('runs in %s too, and makes other secrets for another installation', (program, ...options) => {
  const other = temporaryDirectory();
  execFileSync(program, [...options, 'deploy/secrets/make-secrets.sh', other.path]);
  expect(files(other.path)).toEqual(files());
  const same = files().filter((name) => readFileSync(join(other.path, name), 'utf8').trim() === read(name));
  expect(same).toEqual([]);
  other.remove();
});

describe('what it makes', () => {
  it('is what the services take', () => {
    const path = (name: string) => join(directory.path, 'tidemark', name);
    const environment = readComposeFile().services['command-api']!.environment!;
    const files = Object.entries(environment).filter(([key]) => key.endsWith('_FILE'));
    const configuration = readConfiguration(
      Object.fromEntries(files.map(([key, file]) => [key, path(file.replace('/secrets/', ''))])),
    );
    expect(Buffer.from(configuration.MASTER_KEY!, 'base64')).toHaveLength(32);
    expect(configuration).toMatchObject({
      EVENTSTORE_URL: `esdb://admin:${read('eventstoredb/admin-password')}@eventstoredb:2113?tls=true&tlsCAFile=/secrets/ca.crt`,
      MONGO_URL: `mongodb://tidemark:${read('mongodb/password')}@mongodb:27017/tidemark?authSource=tidemark`,
      REDIS_URL: `redis://tidemark:${read('redis/password')}@redis:6379`,
    });
  });

  it('is all that anything in the compose file reads', () => {
    const { services } = readComposeFile();
    const missing = Object.entries(services).flatMap(([name, service]) => {
      const all = mounts(service);
      const volume = all.find(({ target }) => target === '/secrets');
      const configured = all
        .filter(({ source }) => source.startsWith('.'))
        .map(({ source }) => readFileSync(source, 'utf8'));
      const text = [JSON.stringify(service.environment), service.entrypoint, service.healthcheck?.test, configured]
        .flat()
        .join('\n');
      const paths = [...text.matchAll(/\/secrets\/([\w./-]*[\w-])/g)].map(([, path]) => path!);
      if (volume === undefined) return paths;
      expect([name, paths.length > 0]).toEqual([name, true]);
      const root = join(directory.path, volume.source.replace(/-secrets$/, ''));
      return paths.filter((path) => !statSync(join(root, path), { throwIfNoEntry: false }));
    });
    expect(missing).toEqual([]);
  });

  it.each(['EventStore.ClusterNode', 'eventstored'])(
    'is what %s finds in its environment when it starts',
    (program) => {
      const [shell, options, script] = readComposeFile().services.eventstoredb!.entrypoint!;
      const image = temporaryDirectory();
      const here = script!
        .replaceAll('/secrets', join(directory.path, 'eventstoredb'))
        .replaceAll('/opt/eventstore', image.path);
      const start = () => spawnSync(shell!, [options!, here], { encoding: 'utf8' });
      expect(start()).toMatchObject({ status: 1, stdout: '' });
      writeFileSync(join(image.path, program), '#!/bin/sh\nexec env\n', { mode: 0o755 });
      const environment = start().stdout.split('\n');
      expect(environment).toContain(`EVENTSTORE_DEFAULT_ADMIN_PASSWORD=${read('eventstoredb/admin-password')}`);
      expect(environment).toContain(`EVENTSTORE_DEFAULT_OPS_PASSWORD=${read('eventstoredb/ops-password')}`);
      image.remove();
    },
  );

  it('lets no user into Redis but one, whose password is not in the file', () => {
    const hash = createHash('sha256').update(read('redis/password')).digest('hex');
    expect(read('redis/users.acl').split('\n')).toEqual([
      'user default off',
      expect.stringContaining(`user tidemark on #${hash} `),
    ]);
    expect(read('redis/users.acl')).not.toContain(read('redis/password'));
  });

  it('keeps no key that could sign another certificate', () => {
    expect(files().filter((name) => read(name).includes('PRIVATE KEY'))).toEqual(['eventstoredb/node.key']);
  });

  it('is a certificate as EventStoreDB wants it, for years', () => {
    const made = certificate();
    expect(made.subject).toBe('CN=eventstoredb-node');
    expect(made.subjectAltName).toBe('DNS:eventstoredb, DNS:localhost, IP Address:127.0.0.1');
    expect(made.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
    expect(made.ca).toBe(false);
    const fourYears = Date.now() + 4 * 365 * 24 * 3_600_000;
    for (const one of [made, new X509Certificate(read('tidemark/ca.crt'))])
      expect(Date.parse(one.validTo)).toBeGreaterThan(fourYears);
  });

  it('is a certificate that clients trust under the names that they use', async () => {
    const server = createServer({ key: read('eventstoredb/node.key'), cert: read('eventstoredb/node.crt') }, (socket) =>
      socket.end(),
    );
    server.on('tlsClientError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const trusted = async (servername: string, ca: string) => {
      const socket = connect({ port, host: '127.0.0.1', servername, ca });
      return once(socket, 'secureConnect').then(
        () => socket.destroy() && true,
        () => false,
      );
    };
    const ca = read('tidemark/ca.crt');
    expect(await trusted('eventstoredb', ca)).toBe(true);
    expect(await trusted('localhost', ca)).toBe(true);
    expect(await trusted('mongodb', ca)).toBe(false);
    expect(await trusted('eventstoredb', rootCertificates[0]!)).toBe(false);
    server.close();
    await once(server, 'close');
  });
});
