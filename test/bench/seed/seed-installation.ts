import { createPublicKey, randomUUID } from 'node:crypto';
import { masterKeyIn, openDataDirectory } from '../../../adapters/sqlite/data-directory.ts';
import { SqliteEventStore } from '../../../adapters/sqlite/sqlite-event-store.ts';
import { SqliteVault } from '../../../adapters/sqlite/sqlite-vault.ts';
import { Credentials } from '../../../command-api/sessions/credentials.ts';
import { Sessions } from '../../../command-api/sessions/sessions.ts';
import { registerUser } from '../../../command-api/users/register-user.ts';
import { tickStream } from '../../../contracts/events/price-events.ts';
import type { EventStore } from '../../../contracts/ports/event-store.ts';
import type { Vault } from '../../../contracts/ports/vault.ts';
import { AccessTokens } from '../../../http/access-tokens.ts';
import { addressKeyOf } from '../../../runtime/address-key.ts';
import { EventCodec } from '../../../runtime/event-codec.ts';
import { EventLog } from '../../../runtime/event-log.ts';
import { Passwords } from '../../../runtime/passwords.ts';
import { PersonalData } from '../../../runtime/personal-data.ts';
import { sealedVault } from '../../../runtime/sealed-vault.ts';
import { loadSecrets } from '../../../runtime/secrets.ts';
import { inGroups } from './in-groups.ts';

export interface SeededUser {
  readonly id: string;
  /** An access token: good for ten minutes. */
  readonly token: string;
}

export interface Seeded {
  readonly users: readonly SeededUser[];
  /** PEM. */
  readonly publicKey: string;
}

export const symbols = ['BTCUSDT', 'ETHUSDT'] as const;

/** Everybody's password is hashed once, or thousands would take minutes. */
class OneHash extends Passwords {
  readonly #hash = super.hash('the same for everybody');
  override hash(): Promise<string> {
    return this.#hash;
  }
}

/** Fills a data directory as the app would have: users with a session each, and a price of every symbol. */
export const seedInstallation = async (path: string, count: number): Promise<Seeded> => {
  const directory = openDataDirectory(path);
  const masterKey = masterKeyIn(directory);
  const rawVault = new SqliteVault(directory.file('vault.db'));
  const rawStore = new SqliteEventStore(directory.file('events.db'));
  try {
    return await seedStores({ rawStore, rawVault, masterKey }, count);
  } finally {
    await rawStore.close();
    await rawVault.close();
    directory.close();
  }
};

export interface StoresToSeed {
  readonly rawStore: EventStore;
  readonly rawVault: Vault;
  /** 32 bytes. */
  readonly masterKey: Uint8Array;
}

/** The same in these stores. */
export const seedStores = async ({ rawStore, rawVault, masterKey }: StoresToSeed, count: number): Promise<Seeded> => {
  const vault = await sealedVault(rawVault, masterKey);
  const secrets = await loadSecrets(vault);
  const personalData = new PersonalData(vault);
  const store = new EventLog(rawStore, new EventCodec(secrets.auditKey, personalData));
  const sessions = new Sessions(vault, store);
  const tokens = await AccessTokens.open({
    signingKey: secrets.signingKey,
    issuer: 'tidemark',
    audience: 'tidemark',
    lives: async () => true,
  });
  const needs = {
    store,
    vault,
    personalData,
    credentials: new Credentials(vault),
    passwords: new OneHash(),
    addressKeyOf: (email: string) => addressKeyOf(secrets.addressKey, email),
  };
  const users = await inGroups(count, async (index): Promise<SeededUser> => {
    const id = randomUUID();
    const person = { userId: id, email: `user${index}@example.com`, name: `User ${index}`, password: '' };
    await registerUser(needs, person, { actor: 'bench', commandId: randomUUID(), correlationId: 'bench' });
    const { sessionId } = await sessions.start(id);
    return { id, token: await tokens.issue(id, sessionId) };
  });
  await seedPrices(store);
  return { users, publicKey: createPublicKey(secrets.signingKey).export({ type: 'spki', format: 'pem' }) as string };
};

const seedPrices = async (store: EventStore): Promise<void> => {
  const timeMs = Date.now();
  for (const symbol of symbols) {
    const data = { source: 'binance', symbol, price: '67187.34', timeMs, origin: 'poll' };
    const metadata = { actor: 'bench', commandId: randomUUID(), correlationId: 'bench' };
    const event = { id: randomUUID(), type: 'price.ticked', data, metadata };
    await store.append(tickStream('binance', symbol, timeMs), 'none', [event]);
  }
};
