import type { ConnectOptions } from 'mongoose';

const socketsAtMost = 20;
const heartbeatMs = 2_000;

/** The database that the URL names. */
export const databaseIn = (url: string) => {
  const name = /^mongodb(?:\+srv)?:\/\/[^/?]+\/([^/?]+)/.exec(url)?.[1];
  return name && decodeURIComponent(name);
};

/** What the driver runs with, whatever the URL says. Its own deadlines free what a request holds after ours is over. */
export const driverOptions = (database: string, deadlineMs: number): ConnectOptions => ({
  dbName: database,
  appName: 'tidemark',
  bufferCommands: false,
  maxPoolSize: socketsAtMost,
  // Finding the server and waiting for a socket take no longer than the deadline together: what has not been sent
  // when the caller is told that it failed never will be. The driver's own `timeoutMS` does nothing since version 7.
  serverSelectionTimeoutMS: deadlineMs / 2,
  waitQueueTimeoutMS: deadlineMs / 2,
  connectTimeoutMS: deadlineMs,
  // A server that has gone without a word is noticed, and its connections are given up.
  heartbeatFrequencyMS: heartbeatMs,
  socketTimeoutMS: deadlineMs,
  // What was acknowledged survives a crash and a failover, and only what will survive a failover is read. A server
  // without a replica set is its own majority. As single options: a URL's `journal` would win over `writeConcern`.
  w: 'majority',
  journal: true,
  wtimeoutMS: deadlineMs,
  readConcernLevel: 'majority',
  readPreference: 'primary',
  // Each write is sent once. Whoever hears 'store-unavailable' decides whether it is safe to repeat.
  retryWrites: false,
});
