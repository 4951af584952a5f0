import type { EventStore } from '../../contracts/ports/event-store.ts';
import type { Vault } from '../../contracts/ports/vault.ts';

/** Told of each write: its name, before it begins and when it is on disk. */
export type OnStep = (step: string, moment: 'before' | 'after') => void;

const around = async <Result>(step: string, onStep: OnStep, write: () => Promise<Result>): Promise<Result> => {
  onStep(step, 'before');
  const result = await write();
  onStep(step, 'after');
  return result;
};

/** The same store, of which every append is a step. */
export const steppingStore = (store: EventStore, onStep: OnStep): EventStore => ({
  id: store.id,
  append: (stream, expected, events) =>
    around(`append ${events.map(({ type }) => type).join('+')}`, onStep, () => store.append(stream, expected, events)),
  read: (stream, from) => store.read(stream, from),
  readLast: (stream) => store.readLast(stream),
  head: () => store.head(),
  subscribe: (options) => store.subscribe(options),
});

/** The same vault, of which every write is a step. */
export const steppingVault = (vault: Vault, onStep: OnStep): Vault => ({
  get: (collection, id) => vault.get(collection, id),
  list: (collection, before, limit) => vault.list(collection, before, limit),
  sweep: () => vault.sweep(),
  insert: (collection, ...rest) => around(`insert ${collection}`, onStep, () => vault.insert(collection, ...rest)),
  replace: (collection, ...rest) => around(`replace ${collection}`, onStep, () => vault.replace(collection, ...rest)),
  remove: (collection, ...rest) => around(`remove ${collection}`, onStep, () => vault.remove(collection, ...rest)),
  removeSubject: (subject) => around('remove subject', onStep, () => vault.removeSubject(subject)),
});
