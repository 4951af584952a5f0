import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '../../contracts/errors.ts';

/**
 * What `work` gives, if it gives it in time. The timer ends with the work.
 * @throws DomainError 'bus-unavailable' when it takes longer; what becomes of the work then is nobody's business any more
 */
export const within = async <T>(ms: number, work: Promise<T>): Promise<T> => {
  const done = new AbortController();
  const tooLate = async (): Promise<never> => {
    await sleep(Math.max(0, ms), undefined, { signal: done.signal });
    throw new DomainError('bus-unavailable', { detail: `no answer within ${Math.round(ms)} ms` });
  };
  try {
    return await Promise.race([work, tooLate()]);
  } finally {
    done.abort();
  }
};

/** Whether the work has ended after so long at most, well or not. */
export const isDoneWithin = async (ms: number, work: Promise<unknown>): Promise<boolean> => {
  const done = new AbortController();
  const ended = work.then(
    () => true,
    () => true,
  );
  const tooLate = sleep(ms, false, { signal: done.signal }).catch(() => false);
  try {
    return await Promise.race([ended, tooLate]);
  } finally {
    done.abort();
  }
};
