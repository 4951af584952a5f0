import { join } from 'node:path';
import { SqliteEventStore } from '../../adapters/sqlite/sqlite-event-store.ts';
import { SqliteVault } from '../../adapters/sqlite/sqlite-vault.ts';
import { setUpFirstAdmin } from '../../command-api/setup/set-up.ts';
import { sealedVault } from '../../runtime/sealed-vault.ts';
import { asCommand, type People, peopleOver } from './people.ts';
import { type OnStep, steppingStore, steppingVault } from './stepping.ts';

export const e1 = 'one@example.com';
export const e2 = 'two@example.com';
export const password = 'long enough a password';

/** The command side over the files of a directory. `key` seals and derives everything in it (32 bytes). */
export const openPeople = async (directory: string, key: Buffer, onStep: OnStep = () => {}) => {
  const rawStore = new SqliteEventStore(join(directory, 'events.db'));
  const file = new SqliteVault(join(directory, 'vault.db'));
  const vault = steppingVault(await sealedVault(file, key), onStep);
  const people = peopleOver({ rawStore: steppingStore(rawStore, onStep), vault, secret: key, patienceMs: 200 });
  return {
    ...people,
    close: async () => {
      await rawStore.close();
      await file.close();
    },
  };
};

/** What a process may be killed in the middle of. Ids are given, so that it can be tried again. */
export const scenarios: Readonly<Record<string, (people: People, ids: Ids) => Promise<unknown>>> = {
  register: (people, { userId, commandId }) => people.register(e1, { userId, commandId, password }),
  change: (people, { userId }) => people.change(userId, { email: e2 }),
  delete: (people, { userId }) => people.remove(userId),
  setup: (people, { token }) =>
    setUpFirstAdmin(
      { ...people, setupToken: token, secret: Buffer.from(token) },
      { token, email: e1, password, name: 'Root' },
      asCommand(),
    ),
};

export interface Ids {
  readonly userId: string;
  readonly commandId: string;
  readonly token: string;
}
