import type { AddressInfo } from 'node:net';
import express from 'express';
import helmet from 'helmet';
import Database from 'libsql';
import { Passport } from 'passport';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { baselineConfiguration } from './baseline-configuration.ts';

/** An API as one is written on a first day: every token verified with the key as text, every insert a commit of its own. */
const { databaseFile, publicKey, bodies } = baselineConfiguration();
const database = new Database(databaseFile);
database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
  CREATE TABLE changes (id INTEGER PRIMARY KEY, user TEXT NOT NULL, data TEXT NOT NULL);`);
const insert = database.prepare('INSERT INTO changes (user, data) VALUES (?, ?)');

const passport = new Passport();
passport.use(
  new Strategy(
    { jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey: publicKey, algorithms: ['ES256'] },
    (claims: { sub: string }, done: (error: unknown, user: unknown) => void) => done(null, { id: claims.sub }),
  ),
);
const authenticated = passport.authenticate('jwt', { session: false });

const app = express();
app.use(helmet());
app.use(express.json());
app.patch('/v1/users/:id', authenticated, (request, response) => {
  insert.run(request.params.id, JSON.stringify(request.body));
  response.json({ id: request.params.id, ...request.body });
});
for (const path of bodies.keys()) {
  app.get(path, authenticated, (_, response) => void response.json(bodies.get(path)));
  app.get(`/open${path}`, (_, response) => void response.json(bodies.get(path)));
}
const server = app.listen(0, '127.0.0.1', () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }));
});
