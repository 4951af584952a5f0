import { randomUUID } from 'node:crypto';
import { SqliteEventStore } from '../../../adapters/sqlite/sqlite-event-store.ts';

const [file, name] = process.argv.slice(2);
const store = new SqliteEventStore(file!);

/** Appends batches of three to streams of its own and prints the name of each stream that was acknowledged. */
const write = async (writer: number) => {
  for (let index = 0; ; index++) {
    const stream = `kill-${name}-${writer}-${index}`;
    const metadata = { actor: 'test', commandId: randomUUID(), correlationId: 'test' };
    const events = Array.from({ length: 3 }, () => ({ id: randomUUID(), type: 'user.created', data: {}, metadata }));
    await store.append(stream, 'none', events);
    console.log(stream);
  }
};
await Promise.all(Array.from({ length: 8 }, (_, writer) => write(writer)));
