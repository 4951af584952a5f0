import { randomUUID } from 'node:crypto';
import { MemoryVault } from '../adapters/memory/memory-vault.ts';
import { PersonalData } from './personal-data.ts';

it('forgets the key of somebody who never came, and makes another when they come after all', async () => {
  const vault = new MemoryVault();
  const personalData = new PersonalData(vault);
  const userId = randomUUID();
  await personalData.createKey(userId);
  const sealed = await personalData.seal(userId, 'name', 'Ann');
  await personalData.forgetKey(userId);
  expect(await vault.get('personal-keys', userId)).toBeUndefined();
  await expect(personalData.seal(userId, 'name', 'Ann')).rejects.toThrow('without a key');

  expect(await personalData.createKey(userId)).toBe(true);
  await expect(personalData.open(userId, 'name', sealed)).rejects.toThrow();
  expect(await personalData.open(userId, 'name', await personalData.seal(userId, 'name', 'Bo'))).toBe('Bo');
});
