import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { startTidemark } from '../support/standalone.ts';

const run = promisify(execFile);
const readme = readFileSync('README.md', 'utf8');
const hasCurl = spawnSync('bash', ['-c', 'command -v curl']).status === 0;

/** All its blocks, as somebody would paste them one after the other. */
const tour = () => {
  const [section] = /## A tour[\s\S]*?(?=\n## )/.exec(readme)!;
  return [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block!).join('');
};

(hasCurl ? it : it.skip)('has a tour whose lines work as printed (needs bash and curl)', async () => {
  const tidemark = await startTidemark({ exchange: true, environment: { BACKFILL_MINUTES: '5' } });
  try {
    const script = tour().replace('http://127.0.0.1:3000', tidemark.url);
    expect(script).toContain(tidemark.url);
    // Each request says how it was answered.
    const report = String.raw`curl() { command curl -w '\n[%{http_code}]\n' "$@"; }`;
    const quiet = script.replace('TOKEN=$(curl', 'TOKEN=$(command curl');
    const { stdout: output } = await run('bash', ['-euo', 'pipefail', '-c', `${report}\n${quiet}`]);
    expect(output.match(/\[\d+\]/g)).toEqual(['[201]', '[200]', '[200]', '[200]', '[422]', '[204]']);
    expect(output).toContain('"name":"You Again"');
    expect(output).toContain('"pointer":"/age"');
  } finally {
    await tidemark.stop();
  }
});

it('names files that are there, as does every page', () => {
  const pages = [
    'README.md',
    ...readdirSync('docs', { recursive: true, encoding: 'utf8' }).map((path) => join('docs', path)),
  ];
  const missing = pages
    .filter((page) => page.endsWith('.md'))
    .flatMap((page) =>
      [...readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
        .map(([, target]) => join(dirname(page), target!))
        .filter((target) => !existsSync(target))
        .map((target) => `${page}: ${target}`),
    );
  expect(missing).toEqual([]);
});
