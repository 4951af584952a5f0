import type { ViewDefinition, ViewStore } from '../../contracts/ports/view-store.ts';

type Write = 'apply' | 'purge' | 'drop';

export interface Held {
  /** Resolves when there is a write that is held. */
  readonly met: Promise<void>;
  /** Lets it reach the store; resolves when it has. */
  release(): Promise<void>;
}

/**
 * The same store, as a process sees it that may be stopped between deciding on a write and its reaching the store, and
 * wakes up later.
 */
export const holdingViews = (views: ViewStore) => {
  const waiting: {
    matches: (write: Write, view: ViewDefinition) => boolean;
    meet: () => void;
    released: Promise<void>;
  }[] = [];
  const done: Promise<unknown>[] = [];
  const around = async <Result>(write: Write, view: ViewDefinition, work: () => Promise<Result>) => {
    const index = waiting.findIndex(({ matches }) => matches(write, view));
    const [held] = index === -1 ? [] : waiting.splice(index, 1);
    held?.meet();
    await held?.released;
    const working = work();
    done.push(working.catch(() => undefined));
    return working;
  };
  const held: ViewStore = {
    prepare: (view) => views.prepare(view),
    get: (view, key) => views.get(view, key),
    position: (view, key) => views.position(view, key),
    load: (view, keys) => views.load(view, keys),
    find: (view, options) => views.find(view, options),
    checkpoint: (view) => views.checkpoint(view),
    apply: (view, changes, checkpoint) => around('apply', view, () => views.apply(view, changes, checkpoint)),
    purge: (view, before) => around('purge', view, () => views.purge(view, before)),
    drop: (view) => around('drop', view, () => views.drop(view)),
  };
  return {
    views: held,
    /** Holds the next write of this kind to this view, in any version or in this one. */
    hold: (kind: Write, name: string, version?: number): Held => {
      let meet = () => {};
      let release = () => {};
      const met = new Promise<void>((resolve) => {
        meet = resolve;
      });
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      const matches = (write: Write, view: ViewDefinition) =>
        write === kind && view.name === name && view.version === (version ?? view.version);
      waiting.push({ matches, meet, released });
      return {
        met,
        release: async () => {
          release();
          await new Promise((resolve) => setImmediate(resolve));
          await Promise.all(done);
        },
      };
    },
  };
};
