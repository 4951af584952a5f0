import { once } from 'node:events';
import type { Server } from 'node:http';

/** How long a request under way may take once the process has been told to stop. */
const drainMs = 5_000;
const lookEveryMs = 20;

/**
 * Takes no more requests, lets those under way finish, and then cuts what is left. A connection that is kept alive ends
 * with its answer: Node would wait for the client to leave it.
 */
export const drain = async (server: Server, longestMs: number = drainMs): Promise<void> => {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  const idle = setInterval(() => server.closeIdleConnections(), lookEveryMs);
  const impatience = setTimeout(() => server.closeAllConnections(), longestMs);
  await closed;
  clearInterval(idle);
  clearTimeout(impatience);
};
