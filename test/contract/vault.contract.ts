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

    it('keeps any JSON as it was', async () => {
      const odd = JSON.parse(
        '{"z":1,"":2,"$set":{"$ref":"x"},"a.b":[{"$":1}],"_id":3,"__proto__":{"a":1},"_bsontype":"Long"}',
      );
      const values = [null, false, 0, -1.5, '', 'text', [], {}, [[null]], odd];
      for (const [index, value] of values.entries()) await vault.insert(`json-${id}`, `${index}`, value);
      const read = values.map(async (_, index) => (await vault.get(`json-${id}`, `${index}`))?.value);
      expect((await Promise.all(read)).map((value) => JSON.stringify(value))).toEqual(
        values.map((value) => JSON.stringify(value)),
      );
    });

    it('keeps what it was given, not the caller’s object', async () => {
      const value = { list: [1] };
      await vault.insert('things', id, value);
      value.list.push(2);
      const read = (await vault.get('things', id))!.value as { list: number[] };
      expect(read).toEqual({ list: [1] });
      read.list.push(3);
      expect((await vault.get('things', id))?.value).toEqual({ list: [1] });
    });

    it('takes collections and ids for what they are, and keeps them apart', async () => {
      const pairs = ['', '/', '","', '"],["', '\\', '$ne', '.', '\u{1F600}'].flatMap((odd): [string, string][] => [
        [`${id}${odd}b`, 'c'],
        [id, `b${odd}c`],
      ]);
      for (const pair of pairs) expect(await vault.insert(...pair, pair)).toBe(true);
      for (const pair of pairs) expect(await vault.get(...pair)).toMatchObject({ id: pair[1], value: pair });
      expect((await vault.list(pairs[0]![0], soon(), 9)).map((record) => record.id)).toEqual(['c']);
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

    it('replaces what the record was kept with, too', async () => {
      const [before, after] = [randomUUID(), randomUUID()];
      await vault.insert('things', id, 1, { subject: before, expiresAt: soon() });
      await vault.replace('things', id, 0, 2, { subject: after });
      await vault.removeSubject(before);
      expect(await vault.get('things', id)).toMatchObject({ value: 2, version: 1 });
      await vault.replace('things', id, 1, 3);
      await vault.removeSubject(after);
      expect(await vault.get('things', id)).toMatchObject({ value: 3, version: 2 });
      await vault.replace('things', id, 2, 4, { expiresAt: past() });
      expect(await vault.get('things', id)).toBeUndefined();
    });

    it('removes, at a version or whatever it is', async () => {
      await vault.insert('things', id, 1);
      expect(await vault.remove('things', id, 5)).toBe(false);
      expect(await vault.remove('things', id, 0)).toBe(true);
      expect(await vault.remove('things', id)).toBe(false);
      expect(await vault.get('things', id)).toBeUndefined();
      expect(await vault.insert('things', id, 2)).toBe(true);
    });

    it('lets one of racing replacements and removals win', async () => {
      await vault.insert('things', id, 'first');
      const won = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          index % 2 === 0 ? vault.remove('things', id, 0) : vault.replace('things', id, 0, index),
        ),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
      const winner = won.indexOf(true);
      expect((await vault.get('things', id))?.value).toBe(winner % 2 === 0 ? undefined : winner);
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
      await vault.sweep();
      await vault.insert('things', id, 1, { expiresAt: past() });
      expect(await vault.get('things', id)).toBeUndefined();
      expect(await vault.replace('things', id, 0, 2)).toBe(false);
      expect(await vault.insert('things', id, 3, { expiresAt: soon() })).toBe(true);
      expect(await vault.get('things', id)).toMatchObject({ value: 3, version: 0 });
      await vault.insert('things', `${id}-old`, 1, { expiresAt: past() });
      expect(await vault.sweep()).toBe(1);
      expect(await vault.get('things', id)).toBeDefined();
    });

    it('lets exactly one of twenty inserts over an expired record win, with nothing of the old one', async () => {
      const subject = randomUUID();
      await vault.insert('things', id, 'old', { subject, expiresAt: past() });
      const won = await Promise.all(
        Array.from({ length: 20 }, (_, value) => vault.insert('things', id, value, { expiresAt: soon() })),
      );
      expect(won.filter(Boolean)).toHaveLength(1);
      await vault.removeSubject(subject);
      expect(await vault.get('things', id)).toMatchObject({ version: 0, value: won.indexOf(true) });
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
      expect((await vault.list(collection, soon(), 1)).map((record) => record.id)).toEqual(['a']);
      expect(await vault.list(collection, soon(), 0)).toEqual([]);
      await vault.replace(collection, 'a', 0, 'again');
      await vault.replace(collection, 'b', 0, 'expired', { expiresAt: past() });
      expect((await vault.list(collection, soon(), 10)).map(({ value }) => value)).toEqual(['c', 'again']);
    });
  });
