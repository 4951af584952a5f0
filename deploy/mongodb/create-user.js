// Run once by the image, on an empty data directory and before anybody can connect: the user that the services sign in
// as. It reads and writes these two databases and manages nothing.
const password = require('node:fs').readFileSync('/secrets/password', 'utf8').trim();
db.getSiblingDB('tidemark').createUser({
  user: 'tidemark',
  pwd: password,
  roles: [
    { role: 'readWrite', db: 'tidemark' },
    { role: 'readWrite', db: 'tidemark-vault' },
  ],
});
