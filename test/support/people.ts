import { randomBytes, randomUUID } from 'node:crypto';
import { MemoryEventStore } from '../../adapters/memory/memory-event-store.ts';
import { MemoryVault } from '../../adapters/memory/memory-vault.ts';
import { Credentials } from '../../command-api/sessions/credentials.ts';
import { changeUser } from '../../command-api/users/change-user.ts';
import { deleteUser } from '../../command-api/users/delete-user.ts';
import { registerUser } from '../../command-api/users/register-user.ts';
import type { EventStore, Metadata } from '../../contracts/ports/event-store.ts';
import type { Vault } from '../../contracts/ports/vault.ts';
import { addressKeyOf } from '../../runtime/address-key.ts';
import { EventCodec } from '../../runtime/event-codec.ts';
import { EventLog } from '../../runtime/event-log.ts';
import { Passwords } from '../../runtime/passwords.ts';
import { PersonalData } from '../../runtime/personal-data.ts';

export const asCommand = (commandId: string = randomUUID()): Metadata => ({
  actor: 'test',
  commandId,
  correlationId: 'test',
});

/** The use cases of the command side over these stores, as composition puts them together. */
export const peopleOver = ({
  rawStore = new MemoryEventStore() as EventStore,
  vault = new MemoryVault() as Vault,
  secret = randomBytes(32) as Uint8Array,
  patienceMs = 10_000,
} = {}) => {
  const personalData = new PersonalData(vault);
  const store = new EventLog(rawStore, new EventCodec(secret, personalData));
  const credentials = new Credentials(vault);
  const passwords = new Passwords({ concurrency: 2, longestQueue: 1_000 });
  const needs = {
    store,
    rawStore,
    vault,
    personalData,
    credentials,
    passwords,
    patienceMs,
    addressKeyOf: (email: string) => addressKeyOf(secret, email),
  };
  return {
    ...needs,
    register: (
      email: string,
      { userId = randomUUID() as string, commandId = randomUUID() as string, password = 'long enough a password' } = {},
    ) => registerUser(needs, { userId, email, name: 'Somebody', password }, asCommand(commandId)).then(() => userId),
    change: (userId: string, changes: { email?: string; name?: string }, expected?: number) =>
      changeUser(needs, { userId, ...changes }, asCommand(), expected),
    remove: (userId: string) => deleteUser(needs, userId, asCommand()),
  };
};
export type People = ReturnType<typeof peopleOver>;
