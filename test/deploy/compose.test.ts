import { existsSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { Configuration, readConfiguration } from '../../runtime/configuration.ts';
import { type ComposeService, mounts, ours, readComposeFile } from './compose-file.ts';
import { last, lineage, readStages } from './dockerfile.ts';

const compose = readComposeFile();
const services = Object.entries(compose.services);
const stages = readStages();
const imageOf = ({ build }: ComposeService) => (build ? lineage(stages, build.target) : []);
/** Run as the image says: its user is 1000, not root. */
const unprivilegedImages = /^(eventstore\/eventstore|apache\/kafka):/;
const nodeServices = ['command-api', 'query-api', 'projector', 'ingest'];

it('is what the compose specification allows', () => {
  const { $schema: _, ...schema } = JSON.parse(readFileSync('test/deploy/compose-spec/compose-spec.json', 'utf8'));
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  const valid = ajv.compile(schema);
  valid(compose);
  expect(valid.errors ?? []).toEqual([]);
  // The schema looks into services.
  expect(valid({ services: { one: { image: 'a', memlimit: '1g' } } })).toBe(false);
});

describe.each(services)('%s', (name, service) => {
  it('is confined', () => {
    expect(service).toMatchObject({ cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'], init: true });
    const open = [
      'privileged',
      'cap_add',
      'pid',
      'ipc',
      'userns_mode',
      'devices',
      'extra_hosts',
      'secrets',
      'env_file',
    ];
    expect(open.filter((key) => service[key] !== undefined)).toEqual([]);
    expect(service.network_mode ?? 'none').toBe('none');
  });

  it('does not run as root', () => {
    const user = service.user ?? last(imageOf(service), 'USER');
    if (service.image && unprivilegedImages.test(service.image)) expect(user).toBeUndefined();
    else expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  it('has bounds: memory, processes, logs, time to stop', () => {
    expect(service.mem_limit).toMatch(/^\d+[mg]$/);
    expect(service.pids_limit).toBeGreaterThan(0);
    expect(service.logging!.options).toEqual({ 'max-size': expect.any(String), 'max-file': expect.any(String) });
    if (service.restart !== 'no') expect(service.stop_grace_period).toMatch(/^\d+[sm]$/);
  });

  it('is healthy when it says so, or ends', () => {
    if (name === 'secrets') expect(service.restart).toBe('no');
    else {
      expect(service.restart).toBe('unless-stopped');
      expect(service.healthcheck?.test ?? last(imageOf(service), 'HEALTHCHECK')).toBeTruthy();
    }
  });

  it('has an exact image', () => {
    if (service.build) expect(stages.map((stage) => stage.name)).toContain(service.build.target);
    else expect(service.image).toMatch(/^[\w./-]+:\d+\.\d+\.\d+(-[a-z]+)?$/);
    expect(service.image !== undefined && service.build !== undefined).toBe(false);
  });

  it('can have several instances side by side', () => {
    expect(service.container_name).toBeUndefined();
    expect(service.hostname).toBeUndefined();
    for (const network of service.networks ?? []) expect(compose.networks).toHaveProperty(network);
  });

  it('is told no secret', () => {
    const telling = Object.entries(service.environment ?? {}).filter(
      ([key, value]) =>
        (/PASSWORD|SECRET|TOKEN|KEY|CREDENTIAL|_URL/.test(key) && !key.endsWith('_FILE') && value !== '') ||
        /:\/\/[^/]*:[^/]*@/.test(value),
    );
    expect(telling).toEqual([]);
    const words = [service.command, service.entrypoint, service.healthcheck?.test].flat().join(' ');
    expect(words).not.toMatch(/--requirepass|:\/\/[^/$]*:[^/$]*@|(PASSWORD|TOKEN|AUTH)=["']?[^"'$\s]/);
  });

  it('mounts what there is, and secrets to read only', () => {
    for (const { source, target, readOnly } of mounts(service)) {
      if (source.startsWith('.')) expect([source, existsSync(source), readOnly]).toEqual([source, true, true]);
      else expect(compose.volumes).toHaveProperty([source]);
      if (target === '/secrets') expect(readOnly).toBe(true);
    }
  });

  it('starts after what it needs', () => {
    for (const [needed, { condition }] of Object.entries(service.depends_on ?? {})) {
      expect(compose.services).toHaveProperty(needed);
      expect([needed, condition]).toEqual([
        needed,
        needed === 'secrets' ? 'service_completed_successfully' : 'service_healthy',
      ]);
    }
    if (mounts(service).some(({ target }) => target === '/secrets'))
      expect(service.depends_on).toHaveProperty('secrets');
  });
});

describe('our own images', () => {
  it.each(ours(compose))('%s writes nowhere but where it is meant to', (_, service) => {
    expect(service.read_only).toBe(true);
    expect(service.tmpfs).toEqual(['/tmp']);
    expect(service.build!.context).toBe('.');
  });

  it.each(nodeServices)('%s is configured as it can be', (name) => {
    const environment = compose.services[name]!.environment!;
    const known = new Set(Object.keys(Configuration.shape));
    const unknown = Object.keys(environment).filter((key) => !known.has(key.replace(/_FILE$/, '')));
    expect(unknown).toEqual([]);
    // With files that are there, it is taken.
    const files = Object.keys(environment).filter((key) => key.endsWith('_FILE'));
    const given = Object.fromEntries(Object.entries(environment).filter(([key]) => !files.includes(key)));
    expect(() => readConfiguration(given)).not.toThrow();
    expect(files.sort()).toEqual(['EVENTSTORE_URL_FILE', 'MASTER_KEY_FILE', 'MONGO_URL_FILE', 'REDIS_URL_FILE']);
  });

  it('has one proxy in front of what is reached from outside', () => {
    const trusting = services.filter(([, { environment }]) => environment?.TRUSTED_PROXIES !== undefined);
    expect(trusting.map(([name, { environment }]) => [name, environment!.TRUSTED_PROXIES]).sort()).toEqual([
      ['command-api', '1'],
      ['query-api', '1'],
    ]);
  });
});

describe('the networks', () => {
  const on = (network: string) => services.filter(([, one]) => one.networks?.includes(network)).map(([name]) => name);

  it('let in through the gateway alone, on loopback unless told otherwise', () => {
    expect(services.filter(([, { ports }]) => ports !== undefined).map(([name]) => name)).toEqual(['gateway']);
    expect(compose.services.gateway!.ports).toEqual(['127.0.0.1:8080:8080', '127.0.0.1:8443:8443']);
    const open = readComposeFile({ PUBLISH_ADDRESS: '0.0.0.0', HTTP_PORT: '80', HTTPS_PORT: '443' });
    expect(open.services.gateway!.ports).toEqual(['0.0.0.0:80:8080', '0.0.0.0:443:8443']);
  });

  it('let out the gateway and ingest alone', () => {
    const outward = Object.entries(compose.networks).filter(([, { internal }]) => !internal);
    expect(outward.flatMap(([name]) => on(name)).sort()).toEqual(['gateway', 'ingest']);
  });

  it('keep the gateway from the servers', () => {
    expect(on('apis').sort()).toEqual(['command-api', 'gateway', 'query-api']);
    expect(on('backends')).not.toContain('gateway');
    expect(services.filter(([, { networks }]) => networks === undefined).map(([name]) => name)).toEqual(['secrets']);
  });
});

it('lets in the readers of secrets by the group of who made them, under another user', () => {
  const [maker, group] = last(lineage(stages, 'secrets'), 'USER')!.split(':');
  const readers = services.filter(([, service]) => mounts(service).some(({ target }) => target === '/secrets'));
  expect(readers.length).toBe(7);
  for (const [name, service] of readers) {
    expect([name, service.group_add]).toEqual([name, [group]]);
    expect(service.user ?? last(imageOf(service), 'USER') ?? '').not.toMatch(`^${maker}:`);
  }
});

it('gives each reader a volume of its own for secrets', () => {
  const readers = services
    .filter(([name]) => name !== 'secrets')
    .flatMap(([name, service]) =>
      mounts(service).flatMap(({ source, target }) => (target === '/secrets' ? [[source, name]] : [])),
    );
  expect(readers.sort()).toEqual([
    ['eventstoredb-secrets', 'eventstoredb'],
    ['mongodb-secrets', 'mongodb'],
    ['redis-secrets', 'redis'],
    ...nodeServices.map((name) => ['tidemark-secrets', name]).sort(),
  ]);
});
