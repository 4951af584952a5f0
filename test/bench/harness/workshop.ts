import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Seeded } from '../seed/seed-installation.ts';
import { type RunningServer, startServer } from './processes.ts';

/** Where one measurement works: what it makes is gone when it is done. */
export class Workshop {
  /** Under the working directory, since /tmp may be memory, where a sync costs nothing. */
  readonly directory = mkdtempSync(join(process.cwd(), 'dist-test/bench-'));
  readonly #servers: RunningServer[] = [];

  keep(server: RunningServer): RunningServer {
    this.#servers.push(server);
    return server;
  }

  /** A baseline that answers these bodies. */
  async baseline(name: 'naive' | 'tuned', { publicKey }: Seeded, bodies: object = {}): Promise<RunningServer> {
    const environment = { DIRECTORY: this.directory, PUBLIC_KEY: publicKey, BODIES: JSON.stringify(bodies) };
    return this.keep(await startServer(`test/bench/baseline/${name}`, { ...environment, NODE_ENV: 'production' }));
  }

  /** Ends all servers, so that what is measured next has the machine to itself. */
  async stopAll(): Promise<void> {
    await Promise.all(this.#servers.splice(0).map((server) => server.stop()));
  }

  async clear(): Promise<void> {
    await this.stopAll();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
