import type { AddressInfo } from 'node:net';
import express from 'express';
import Database from 'libsql';
import { baselineConfiguration } from './baseline-configuration.ts';

/** As little as Express can do: no token, no validation; inserts that come together share a commit. */
const { databaseFile, bodies } = baselineConfiguration();
const database = new Database(databaseFile);
database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
  CREATE TABLE changes (id INTEGER PRIMARY KEY, user TEXT NOT NULL, data TEXT NOT NULL);`);
const insert = database.prepare('INSERT INTO changes (user, data) VALUES (?, ?)');

let waiting: { readonly user: string; readonly data: string; readonly answer: () => void }[] = [];
const commit = () => {
  const group = waiting;
  waiting = [];
  database.exec('BEGIN IMMEDIATE');
  for (const { user, data } of group) insert.run(user, data);
  database.exec('COMMIT');
  for (const { answer } of group) answer();
};

const app = express();
app.patch('/v1/users/:id', express.json(), (request, response) => {
  const { id } = request.params as { id: string };
  const answer = () => void response.json({ id, ...request.body });
  if (waiting.push({ user: id, data: JSON.stringify(request.body), answer }) === 1) setImmediate(commit);
});
for (const path of bodies.keys()) app.get(path, (_, response) => void response.json(bodies.get(path)));
const server = app.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));
});
