import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { RedisCache } from '../../adapters/redis/redis-cache.ts';
import { connectRedis } from '../../adapters/redis/redis-connection.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { recordingLog } from '../support/recording-log.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { readComposeFile } from './compose-file.ts';

const program = 'redis-server';
const isHere = spawnSync(program, ['--version']).status === 0;

/** The server as `docker-compose.yml` runs it, but for port and paths. */
(isHere || process.env.REQUIRE_BACKENDS === '1' ? describe : describe.skip)(
  'Redis as it is set up (needs redis-server)',
  () => {
    const directory = temporaryDirectory();
    const secrets = join(directory.path, 'redis');
    let server: ReturnType<typeof spawn>;
    let port: number;
    let password: string;

    beforeAll(async () => {
      spawnSync('deploy/secrets/make-secrets.sh', [directory.path]);
      password = readFileSync(join(secrets, 'password'), 'utf8').trim();
      const configuration = readFileSync('deploy/redis/redis.conf', 'utf8');
      const here = configuration.replaceAll('/secrets', secrets).replace('dir /data', `dir ${directory.path}`);
      writeFileSync(join(directory.path, 'redis.conf'), here);
      port = await freePort();
      server = spawn(program, [join(directory.path, 'redis.conf'), '--port', String(port)], { stdio: 'ignore' });
    });
    afterAll(async () => {
      server.kill('SIGTERM');
      await once(server, 'exit');
      directory.remove();
    });

    /** What it answers to these lines. */
    const talk = async (...lines: readonly string[]): Promise<string> => {
      const socket = connect(port, '127.0.0.1').setEncoding('utf8');
      socket.write([...lines, 'QUIT', ''].join('\r\n'));
      return text(socket);
    };

    it('lets in who has the password, and nobody else', async () => {
      const log = recordingLog();
      const connection = connectRedis({ url: `redis://tidemark:${password}@127.0.0.1:${port}`, log });
      await eventually(() => !connection.away);
      const cache = new RedisCache(connection, { deadlineMs: 2_000 });
      await cache.putIfNewer('a', { value: '1', position: 5n }, 60);
      expect(await cache.get('a')).toEqual({ value: '1', position: 5n });
      await connection.close();

      for (const credentials of ['tidemark wrong', 'default', password, `default ${password}`]) {
        expect(await talk(`AUTH ${credentials}`, 'GET a')).toMatch(/^-(WRONGPASS|ERR) .*\r\n-NOAUTH /);
      }
      expect(await talk('GET a')).toMatch(/^-NOAUTH /);
    });

    it.each(['CONFIG GET *', 'FLUSHALL', 'KEYS *', 'ACL LIST', 'SHUTDOWN', 'MONITOR', 'CLIENT KILL ID 1'])(
      'does not let its user %s',
      async (command) => {
        expect(await talk(`AUTH tidemark ${password}`, command)).toMatch(/^\+OK\r\n-NOPERM /);
      },
    );

    it('is healthy by the compose file’s check, until it lets nobody in', () => {
      const [kind, check] = readComposeFile().services.redis!.healthcheck!.test;
      expect(kind).toBe('CMD-SHELL');
      const here = check!.replace('redis-cli', `redis-cli -p ${port}`);
      const statusWith = (folder: string) => spawnSync('sh', ['-c', here.replaceAll('/secrets', folder)]).status;
      expect(statusWith(secrets)).toBe(0);
      expect(statusWith(join(directory.path, 'mongodb'))).not.toBe(0);
    });

    it('forgets first what it would forget next anyway, and keeps no file', async () => {
      const told = await talk(`AUTH tidemark ${password}`, 'INFO');
      expect(told).toContain('maxmemory_policy:volatile-ttl');
      expect(told).toContain('maxmemory:268435456');
      expect(told).toContain('aof_enabled:0');
    });
  },
);
