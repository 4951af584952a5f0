import { randomUUID } from 'node:crypto';
import { connectMongo } from '../../adapters/mongodb/mongo-connection.ts';
import { MongoVault } from '../../adapters/mongodb/mongo-vault.ts';
import { withBackend } from '../support/backends.ts';
import { type MongoDatabase, temporaryDatabase } from '../support/mongo-database.ts';
import { recordingLog } from '../support/recording-log.ts';
import { vaultContract } from './vault.contract.ts';

withBackend('MONGO_URL', (url) => {
  const openIn = (database: MongoDatabase) => {
    const connection = connectMongo({ url, database: database.name, log: recordingLog(), deadlineMs: 10_000 });
    return { vault: new MongoVault(connection), close: () => connection.close() };
  };

  vaultContract('mongodb', async () => {
    const database = temporaryDatabase(url);
    const { vault, close } = openIn(database);
    return { vault, close: () => close().then(() => database.remove()) };
  });

  describe('vaults of several processes in one MongoDB', () => {
    const database = temporaryDatabase(url);
    const processes = [openIn(database), openIn(database)];
    const vaults = processes.map(({ vault }) => vault);
    const [vault] = vaults as [MongoVault];
    const rounds = Array.from({ length: 20 }, (_, round) => round);
    let id: string;
    beforeEach(() => {
      id = randomUUID();
    });
    afterAll(async () => {
      for (const { close } of processes) await close();
      await database.remove();
    });

    /** Both at once, again and again: each time exactly one may have won, and its value is there. */
    const oneWins = async (race: (vault: MongoVault, value: number, round: number) => Promise<boolean>) => {
      for (const round of rounds) {
        const won = await Promise.all(vaults.map((each, value) => race(each, value, round)));
        expect(won.filter(Boolean)).toHaveLength(1);
        expect((await vault.get('things', `${id}-${round}`))?.value).toBe(won.indexOf(true));
      }
    };

    it('lets one of them insert', async () => {
      await oneWins((each, value, round) => each.insert('things', `${id}-${round}`, value));
    });

    it('lets one of them replace', async () => {
      for (const round of rounds) await vault.insert('things', `${id}-${round}`, 'first');
      await oneWins((each, value, round) => each.replace('things', `${id}-${round}`, 0, value));
    });

    it('lets one of them insert over a record that has expired', async () => {
      const expiresAt = new Date(Date.now() - 1);
      for (const round of rounds) await vault.insert('things', `${id}-${round}`, 'old', { expiresAt });
      await oneWins((each, value, round) => each.insert('things', `${id}-${round}`, value));
    });

    it('sweeps everything that has expired, however much, and nothing else', async () => {
      await vault.sweep();
      await vault.insert('things', `${id}-kept`, 1, { expiresAt: new Date(Date.now() + 60_000) });
      await vault.insert('things', `${id}-forever`, 1);
      const expired = Array.from({ length: 1_100 }, (_, index) => `${id}-${index}`);
      const expiresAt = new Date(Date.now() - 1);
      await Promise.all(expired.map((each) => vault.insert('things', each, 1, { expiresAt })));
      expect((await Promise.all(vaults.map((each) => each.sweep()))).reduce((sum, swept) => sum + swept)).toBe(1_100);
      expect(await vault.get('things', `${id}-kept`)).toBeDefined();
      expect(await vault.get('things', `${id}-forever`)).toBeDefined();
    });

    it('has an index for everything that is looked for, and lets the server remove what nobody sweeps', async () => {
      await vault.insert('things', id, 1);
      const indexes = await (await database.raw()).collection('records').indexes();
      const described = indexes.map(({ key, sparse, expireAfterSeconds }) =>
        JSON.stringify({ key, sparse, expireAfterSeconds }),
      );
      expect(described.sort()).toEqual([
        '{"key":{"_id":1}}',
        '{"key":{"expiresAt":1},"sparse":true,"expireAfterSeconds":3600}',
        '{"key":{"kind":1,"writtenAt":1}}',
        '{"key":{"subject":1},"sparse":true}',
      ]);
    });
  });
});
