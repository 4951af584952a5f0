import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ValidationSeverity, validate } from 'dockerfile-utils';
import { last, lineage, readStages } from './dockerfile.ts';

const text = readFileSync('Dockerfile', 'utf8');
const stages = readStages();
const isStage = (name: string) => stages.some((stage) => stage.name === name);
const services = ['command-api', 'query-api', 'projector', 'ingest', 'standalone'];

it('has nothing that a linter objects to', () => {
  const strict = {
    deprecatedMaintainer: ValidationSeverity.ERROR,
    instructionCasing: ValidationSeverity.ERROR,
    instructionCmdMultiple: ValidationSeverity.ERROR,
    instructionEntrypointMultiple: ValidationSeverity.ERROR,
    instructionHealthcheckMultiple: ValidationSeverity.ERROR,
    instructionJSONInSingleQuotes: ValidationSeverity.ERROR,
    instructionWorkdirRelative: ValidationSeverity.ERROR,
    emptyContinuationLine: ValidationSeverity.ERROR,
  };
  expect(validate(text, strict).map(({ message }) => message)).toEqual([]);
  expect(validate('FROM a\nWORKDIR b\n', strict)).not.toEqual([]);
});

it.each(stages.filter(({ from }) => !isStage(from)))('takes exactly $from', ({ from }) => {
  expect(from).toMatch(/^[a-z]+:\d+\.\d+\.\d+-[a-z-]+$/);
});

it('fetches nothing but packages', () => {
  const instructions = stages.flatMap((stage) => stage.instructions);
  expect(instructions.filter(({ name }) => name === 'ADD')).toEqual([]);
  const runs = instructions.filter(({ name }) => name === 'RUN').map(({ rest }) => rest);
  expect(runs.filter((rest) => /curl|wget|https?:/.test(rest))).toEqual([]);
  // As the lock file says, and without scripts of packages (`.npmrc`).
  const installs = runs.filter((rest) => /\bnpm\b(?! run build)/.test(rest));
  expect(installs).toEqual(['npm ci', 'npm ci --omit=dev']);
  expect(readFileSync('.npmrc', 'utf8')).toContain('ignore-scripts=true');
  for (const stage of ['build', 'modules']) {
    const [copied, installed] = stages.find(({ name }) => name === stage)!.instructions;
    expect(copied!.rest).toBe('package.json package-lock.json .npmrc ./');
    expect(installed!.rest).toMatch(/^npm ci/);
  }
});

it.each(services)('%s runs what there is, as nobody, and says when it is ready', (name) => {
  const all = lineage(stages, name);
  const command = JSON.parse(last(all, 'CMD')!) as string[];
  expect(command).toEqual(['node', `dist/${name}/main.js`]);
  expect(existsSync(`${name}/main.ts`)).toBe(true);
  expect(last(all, 'USER')).toBe('10001:10001');
  expect(last(all, 'STOPSIGNAL')).toBe('SIGTERM');
  expect(last(all, 'HEALTHCHECK')).toContain("'/readyz'");
  expect(last(all, 'WORKDIR')).toBe('/app');
  expect(all.filter(({ name: one }) => one === 'ENTRYPOINT')).toEqual([]);
});

it('runs with an engine that the package allows', () => {
  const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { engines: { node: string } };
  const [, major] = /^node:(\d+)\./.exec(stages[0]!.from)!;
  expect(Number(major) % 2).toBe(0);
  expect(Number(major)).toBeGreaterThanOrEqual(Number(/\d+/.exec(engines.node)![0]));
});

it('has a health check that goes by the answer', async () => {
  const [, json] = /CMD (\[.*\])$/.exec(last(lineage(stages, 'service'), 'HEALTHCHECK')!)!;
  const [program, ...args] = JSON.parse(json!) as string[];
  expect(program).toBe('node');
  let status = 200;
  const server = createServer(({ url }, response) => response.writeHead(url === '/readyz' ? status : 404).end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const check = async () => {
    const child = spawn(process.execPath, args, { env: { PORT: String(port) }, stdio: 'ignore' });
    const [code] = await once(child, 'exit');
    return code;
  };
  expect(await check()).toBe(0);
  status = 503;
  expect(await check()).toBe(1);
  server.close();
  await once(server, 'close');
  expect(await check()).toBe(1);
});

it('copies what there is', () => {
  const copies = stages.flatMap(({ instructions }) => instructions).filter(({ name }) => name === 'COPY');
  for (const { rest } of copies) {
    const words = rest.split(' ').filter((word) => !word.startsWith('--chmod'));
    const [from] = words.filter((word) => word.startsWith('--from='));
    if (from !== undefined) expect(isStage(from.slice('--from='.length))).toBe(true);
    else for (const source of words.slice(0, -1)) expect([source, existsSync(source)]).toEqual([source, true]);
  }
});

describe('what is sent to the build', () => {
  const lines = readFileSync('.dockerignore', 'utf8').split('\n');
  const patterns = lines.filter((line) => line && !line.startsWith('#'));
  const ignored = (path: string) =>
    patterns.some((pattern) => {
      const expression = pattern
        .replaceAll(/[.+^$()|[\]{}\\]/g, '\\$&')
        .replaceAll(/\*\*\/|\*/g, (stars) => (stars === '*' ? '[^/]*' : '(?:.*/)?'));
      return new RegExp(`^${expression}(/|$)`).test(path);
    });

  it('has all sources that the build compiles', () => {
    const { stdout } = spawnSync(
      process.execPath,
      ['node_modules/typescript/bin/tsc', '--project', 'tsconfig.build.json', '--listFilesOnly'],
      { encoding: 'utf8' },
    );
    const here = `${process.cwd()}/`;
    const compiled = stdout
      .split('\n')
      .filter((file) => file.startsWith(here) && !file.includes('/node_modules/'))
      .map((file) => file.slice(here.length));
    expect(compiled).toContain('standalone/main.ts');
    expect(compiled.filter(ignored)).toEqual([]);
    const others = [
      'package.json',
      'package-lock.json',
      '.npmrc',
      'tsconfig.json',
      'tsconfig.build.json',
      'web',
      'deploy',
    ];
    expect(others.filter(ignored)).toEqual([]);
  });

  it('has no data, no secret, no history and nothing installed here', () => {
    const kept = [
      '.env',
      '.env.local',
      'data',
      '.git',
      'node_modules',
      'web/node_modules',
      'dist',
      'a.log',
      'logs/b.log',
    ];
    expect(kept.filter((path) => !ignored(path))).toEqual([]);
  });

  it('leaves out all that git does', () => {
    const git = readFileSync('.gitignore', 'utf8').split('\n').filter(Boolean);
    expect(git.filter((path) => !ignored(path.replace('*', 'x').replace(/\/$/, '')))).toEqual([]);
  });
});
