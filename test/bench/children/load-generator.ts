import type { LoadJob, LoadResult } from '../harness/load-job.ts';
import { percentile } from '../harness/statistics.ts';
import { HttpConnection } from './http-connection.ts';

/** Runs one job and answers its parent with what came of it. */
const run = (job: LoadJob, done: (result: LoadResult) => void, failed: (error: Error) => void): void => {
  const { requests, warmUpMs, measureMs, requestsPerSecond } = job;
  const latencies: number[] = [];
  const statuses: Record<string, number> = {};
  let answeredInAll = 0;
  let next = 0;
  const startedAt = performance.now();
  const measureFrom = startedAt + warmUpMs;
  const endAt = measureFrom + measureMs;

  const connections = Array.from({ length: job.connections }, () => new HttpConnection(job.port, failed));
  const send = (connection: HttpConnection, since: number, then: () => void) => {
    const request = requests[next++ % requests.length]!;
    connection.send(request, (status) => {
      const now = performance.now();
      if (now > endAt) return;
      answeredInAll++;
      statuses[status] = (statuses[status] ?? 0) + 1;
      if (now >= measureFrom) latencies.push(now - since);
      then();
    });
  };

  const again = (connection: HttpConnection) => send(connection, performance.now(), () => again(connection));
  const idle = [...connections];
  /** When each request that no connection was free for was due: waiting counts. */
  const waiting: number[] = [];
  const serve = () => {
    while (idle.length > 0 && waiting.length > 0) {
      // In turn: one that rests for long is closed by the server.
      const connection = idle.shift()!;
      send(connection, waiting.shift()!, () => {
        idle.push(connection);
        serve();
      });
    }
  };
  let due = 0;
  const pace = (perSecond: number) => {
    const now = performance.now();
    for (; due < ((now - startedAt) / 1000) * perSecond; due++) waiting.push(now);
    serve();
  };
  const timer = requestsPerSecond === undefined ? undefined : setInterval(() => pace(requestsPerSecond), 1);
  if (!timer) for (const connection of connections) again(connection);

  setTimeout(() => {
    clearInterval(timer);
    for (const connection of connections) connection.close();
    done({
      answered: latencies.length,
      answeredInAll,
      perSecond: latencies.length / (measureMs / 1000),
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
      statuses,
    });
  }, warmUpMs + measureMs);
};

process.once('message', (job: LoadJob) => {
  run(
    job,
    (result) => process.send!(result, () => process.disconnect()),
    (error) => {
      throw error;
    },
  );
});
