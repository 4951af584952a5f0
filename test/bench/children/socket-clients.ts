import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { io, type Socket } from 'socket.io-client';
import { percentile } from '../harness/statistics.ts';
import type { SeededUser } from '../seed/seed-installation.ts';

export interface SocketJob {
  readonly url: string;
  readonly users: readonly SeededUser[];
  /** Begins the names: one that a user has already would write nothing. */
  readonly name: string;
  readonly commandsPerSecond: number;
  readonly seconds: number;
}
export interface SocketResult {
  readonly connected: number;
  readonly heard: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly answerP99Ms: number;
}

const connectingAtOnce = 50;
const agent = new Agent({ keepAlive: true, maxSockets: 16 });
/** When the user's command that is under way was sent. */
const sentAt = new Map<string, number>();
const latencies: number[] = [];
const answerLatencies: number[] = [];

const connect = (url: string, { id, token }: SeededUser): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = io(url, { transports: ['websocket'], auth: { token }, reconnection: false, forceNew: true });
    socket.on('user.updated', ({ subject }: { subject: string }) => {
      const since = subject === id ? sentAt.get(id) : undefined;
      if (since === undefined) return;
      sentAt.delete(id);
      latencies.push(performance.now() - since);
    });
    socket.once('ready', () => resolve(socket));
    socket.once('connect_error', reject);
  });

const change = (url: string, { id, token }: SeededUser, name: string): void => {
  const body = JSON.stringify({ name });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const since = performance.now();
  sentAt.set(id, since);
  const sending = request(`${url}/v1/users/${id}`, { agent, method: 'PATCH', headers }, (response) => {
    if (response.statusCode !== 200) throw new Error(`a command was answered ${response.statusCode}`);
    response.resume();
    response.on('end', () => answerLatencies.push(performance.now() - since));
  });
  sending.end(body);
};

const run = async ({ url, users, name, commandsPerSecond, seconds }: SocketJob): Promise<SocketResult> => {
  const sockets: Socket[] = [];
  for (let start = 0; start < users.length; start += connectingAtOnce) {
    const group = users.slice(start, start + connectingAtOnce);
    sockets.push(...(await Promise.all(group.map((user) => connect(url, user)))));
  }
  // The first second is for warming up.
  const commands = commandsPerSecond * (seconds + 1);
  const startedAt = performance.now();
  for (let sent = 0; sent < commands; sent++) {
    if (sent === commandsPerSecond) latencies.length = answerLatencies.length = 0;
    change(url, users[sent % users.length]!, `${name} ${sent}`);
    await pause(Math.max(0, startedAt + ((sent + 1) * 1000) / commandsPerSecond - performance.now()));
  }
  for (let waited = 0; sentAt.size > 0 && waited < 5_000; waited += 50) await pause(50);
  if (sentAt.size > 0) throw new Error(`${sentAt.size} commands were never heard of`);
  const connected = sockets.filter((socket) => socket.connected).length;
  for (const socket of sockets) socket.disconnect();
  agent.destroy();
  return {
    connected,
    heard: latencies.length,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    answerP99Ms: percentile(answerLatencies, 0.99),
  };
};

process.once('message', async (job: SocketJob) => {
  const result = await run(job);
  process.send!(result, () => process.disconnect());
});
