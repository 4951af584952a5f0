import { join } from 'node:path';
import type { SocketJob, SocketResult } from '../children/socket-clients.ts';
import { startApp } from '../harness/app.ts';
import type { Figure } from '../harness/figure.ts';
import { runChild } from '../harness/processes.ts';
import { seedInstallation } from '../seed/seed-installation.ts';
import type { Measurement } from './measurement.ts';

/** From sending a command until its user's socket hears of it, with many sockets connected. */
export const sockets: Measurement = async (scale, workshop): Promise<readonly Figure[]> => {
  const data = join(workshop.directory, 'data');
  const { users } = await seedInstallation(data, scale.sockets);
  const { commandsPerSecond, socketSeconds: seconds } = scale;
  const figures: Figure[] = [];
  for (const audience of ['concerned', 'everyone'] as const) {
    const app = workshop.keep(await startApp(scale, data, { NOTIFY_AUDIENCE: audience }));
    // To everyone each command makes as many messages as there are sockets: a tenth of the commands is plenty.
    const rate = audience === 'concerned' ? commandsPerSecond : commandsPerSecond / 10;
    const job: SocketJob = { url: app.url, users, name: audience, commandsPerSecond: rate, seconds };
    const result = await runChild<SocketResult>('socket-clients', job);
    await app.stop();
    const name = `command to socket, ${result.connected} sockets, told to ${audience}`;
    const from = `${rate} commands/s, ${result.heard} heard`;
    figures.push(
      { name: `${name}, p50`, value: result.p50Ms, unit: 'ms', from },
      {
        name: `${name}, p99`,
        value: result.p99Ms,
        unit: 'ms',
        ...(audience === 'concerned' && { aim: { below: 25 } }),
        from: `answered within ${result.answerP99Ms.toFixed(1)} ms (p99)`,
      },
    );
  }
  return figures;
};
