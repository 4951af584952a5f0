// The health check: signs in as the services do, under the name that they use. While the image prepares an empty data
// directory, it listens on loopback only, and this fails.
const password = require('node:fs').readFileSync('/secrets/password', 'utf8').trim();
const url = `mongodb://tidemark:${password}@mongodb:27017/tidemark?authSource=tidemark&serverSelectionTimeoutMS=3000`;
quit(connect(url).runCommand({ ping: 1 }).ok === 1 ? 0 : 1);
