import { setTimeout as pause } from 'node:timers/promises';

/**
 * Waits until `check` no longer throws and answers neither false nor undefined, and gives what it answered.
 * @throws what `check` last threw, when the deadline is over
 */
export const eventually = async <T>(
  check: () => T | Promise<T>,
  deadlineMs = 10_000,
): Promise<Exclude<NonNullable<T>, false>> => {
  const end = Date.now() + deadlineMs;
  for (;;) {
    let failure: unknown = new Error('the condition did not become true');
    try {
      const result = await check();
      if (result !== false && result !== undefined && result !== null) return result as Exclude<NonNullable<T>, false>;
    } catch (error) {
      failure = error;
    }
    if (Date.now() > end) throw failure;
    await pause(5);
  }
};
