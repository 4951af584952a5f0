const storageKey = 'tidemark.tab';
/** A page that is reloaded gives up its lock about when the new one asks for it. */
const patienceMs = 500;

export const newKey = () =>
  Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('-');

/** Holds the lock until the page goes. Whether it could. */
const hold = (id) =>
  new Promise((resolve) => {
    const untilThePageGoes = () => {
      resolve(true);
      return new Promise(() => {});
    };
    const signal = AbortSignal.timeout(patienceMs);
    navigator.locks.request(`${storageKey}.${id}`, { signal }, untilThePageGoes).catch(() => resolve(false));
  });

/**
 * Whether this tab's storage is its own. A duplicated tab begins with a copy of the other's.
 * Browsers offer locks on https and localhost only; elsewhere every tab counts as its own.
 */
export const isOwnTab = async () => {
  if (!navigator.locks) return true;
  const known = sessionStorage.getItem(storageKey);
  if (known && (await hold(known))) return true;
  const id = newKey();
  sessionStorage.setItem(storageKey, id);
  await hold(id);
  return !known;
};
