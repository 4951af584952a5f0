import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Each file imports one thing; whether the linter lets it. */
const imports: readonly (readonly [file: string, module: string, allowed: boolean])[] = [
  ['contracts/a.ts', '../runtime/lifecycle.ts', false],
  ['contracts/b.ts', 'zod', true],
  ['runtime/a.ts', '../http/route.ts', false],
  ['runtime/b.ts', '../contracts/errors.ts', true],
  ['http/a.ts', '../command-api/handle.ts', false],
  ['http/b.ts', 'express', true],
  ['command-api/users/a.ts', '../../adapters/sqlite/open-database.ts', false],
  ['command-api/users/b.ts', 'express', false],
  ['command-api/users/c.ts', '../../http/route.ts', true],
  ['command-api/users/d.ts', '../../query-api/query-api.ts', false],
  ['query-api/users/a.ts', '../../projector/run-projection.ts', false],
  ['query-api/users/b.ts', '../../projector/users/user-profile.projection.ts', true],
  ['query-api/users/c.ts', '../../command-api/users/user.decider.ts', true],
  ['query-api/users/d.ts', 'libsql', false],
  ['projector/a.ts', '../composition/tidemark.ts', false],
  ['ingest/a.ts', 'axios', false],
  ['ingest/b.ts', '../adapters/binance/binance-exchange.ts', false],
  ['adapters/memory/a.ts', '../sqlite/open-database.ts', false],
  ['adapters/memory/b.ts', '../../runtime/lifecycle.ts', false],
  ['adapters/sqlite/a.ts', 'libsql', true],
  ['adapters/sqlite/b.ts', 'axios', false],
  ['exchange-simulator/a.ts', '../contracts/errors.ts', false],
  ['standalone/a.ts', '../adapters/sqlite/open-database.ts', true],
];

it('keeps every part to what it may know', () => {
  const directory = temporaryDirectory();
  copyFileSync('biome.json', join(directory.path, 'biome.json'));
  for (const [file, module] of imports) {
    const path = join(directory.path, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `import '${module}';\n`);
  }
  const biome = resolve('node_modules/@biomejs/biome/bin/biome');
  const options = ['lint', '--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none', '.'];
  const { stdout } = spawnSync(process.execPath, [biome, ...options], { cwd: directory.path, encoding: 'utf8' });
  const refused = (
    JSON.parse(stdout).diagnostics as { category: string; location: { path: string | { file: string } } }[]
  )
    .filter(({ category }) => category === 'lint/style/noRestrictedImports')
    .map(({ location: { path } }) => (typeof path === 'string' ? path : path.file).replace(/^\.\//, ''));
  directory.remove();
  expect(refused.sort()).toEqual(imports.flatMap(([file, , allowed]) => (allowed ? [] : [file])).sort());
});
