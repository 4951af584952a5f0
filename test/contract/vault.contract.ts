import { randomUUID } from 'node:crypto';
import type { Vault } from '../../contracts/ports/vault.ts';
import { eventually } from '../support/eventually.ts';

const past = () => new Date(Date.now() - 1);
const soon = () => new Date(Date.now() + 60_000);

/** What every vault promises. Each adapter runs this whole suite, and nothing weaker. */
export const vaultContract = (name: string, open: () => Promise<{ vault: Vault; close(): Promise<void> }>) =>
  describe(`vault: ${name}`, () => {
    let vault: Vault;
    let close: () => Promise<void>;
    let id: string;
    beforeAll(async () => {
      ({ vault, close } = await open());
    });
    beforeEach(() => {
      id = randomUUID();
    });
    afterAll(() => close());

    it('gives back what was inserted, Unicode and all', async () => {
      const value = { text: 'Zoë 🦊 "\u0000"', list: [1, null] };
      expect(await vault.insert('things', id, value)).toBe(true);
      expect(await vault.get('things', id)).toMatchObject({ id, value, version: 0, writtenAt: expect.any(Date) });
      expect(await vault.get('other', id)).toBeUndefined();
    });

    it('lets exactly one of twenty inserts win', async () => {
      const won = await Promise.all(Array.from({ length: 20 }, (_, value) => vault.insert('things', id, value)));
      expect(won.filter(Boolean)).toHaveLength(1);
      expect((await vault.get('things', id))?.value).toBe(won.indexOf(true));
    });

    it('replaces only the version that was read, so one of twenty wins', async () => {
      await vault.insert('things', id, 'first');
      const won = await Promise.all(Array.from({ length: 20 }, (_, value) => vault.replace('things', id, 0, value)));
      expect(won.filter(Boolean)).toHaveLength(1);
      expect(await vault.get('things', id)).toMatchObject({ version: 1, value: won.indexOf(true) });
      expect(await vault.replace('things', randomUUID(), 0, 'absent')).toBe(false);
    });

    it('removes, at a version or whatever it is', async () => {
      await vault.insert('things', id, 1);
      expect(await vault.remove('things', id, 5)).toBe(false);
      expect(await vault.remove('things', id, 0)).toBe(true);
      expect(await vault.remove('things', id)).toBe(false);
      expect(await vault.get('things', id)).toBeUndefined();
      expect(await vault.insert('things', id, 2)).toBe(true);
    });

    it('removes all of a subject, in every collection, and nothing else', async () => {
      const subject = randomUUID();
      await vault.insert('things', id, 1, { subject });
      await vault.insert('tokens', id, 1, { subject });
      await vault.insert('tokens', `${id}-other`, 1, { subject: randomUUID() });
      await vault.removeSubject(subject);
      expect([await vault.get('things', id), await vault.get('tokens', id)]).toEqual([undefined, undefined]);
      expect(await vault.get('tokens', `${id}-other`)).toBeDefined();
    });

    it('takes what has expired for absent, and sweeps it', async () => {
      await vault.insert('things', id, 1, { expiresAt: past() });
      expect(await vault.get('things', id)).toBeUndefined();
      expect(await vault.replace('things', id, 0, 2)).toBe(false);
      expect(await vault.insert('things', id, 3, { expiresAt: soon() })).toBe(true);
      expect(await vault.get('things', id)).toMatchObject({ value: 3, version: 0 });
      await vault.insert('things', `${id}-old`, 1, { expiresAt: past() });
      expect(await vault.sweep()).toBe(1);
      expect(await vault.get('things', id)).toBeDefined();
    });

    it('lists what was written before, the oldest first', async () => {
      const collection = `list-${id}`;
      for (const one of ['a', 'b', 'c']) {
        await vault.insert(collection, one, one);
        const { writtenAt } = (await vault.get(collection, one))!;
        await eventually(() => Date.now() > writtenAt.getTime());
      }
      const all = await vault.list(collection, soon(), 10);
      expect(all.map(({ value }) => value)).toEqual(['a', 'b', 'c']);
      expect((await vault.list(collection, all[2]!.writtenAt, 10)).map(({ value }) => value)).toEqual(['a', 'b']);
      expect(await vault.list(collection, soon(), 1)).toHaveLength(1);
    });
  });
