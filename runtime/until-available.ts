import { setTimeout as pause } from 'node:timers/promises';
import { isDomainError } from '../contracts/errors.ts';
import type { Log } from '../contracts/ports/log.ts';

const pauseMs = 1_000;

/**
 * Opens what a process can't begin without, again and again while it is away: whoever starts everything at once need not
 * know an order. Says once what it waits for.
 * @throws what `open` threw, where another try won't help or the signal has aborted
 */
export const untilAvailable = async <Opened>(
  name: string,
  open: () => Promise<Opened>,
  log: Log,
  signal: AbortSignal,
): Promise<Opened> => {
  for (let tries = 0; ; tries++) {
    try {
      const opened = await open();
      if (tries > 0) log.info({ backend: name, tries }, 'is there now');
      return opened;
    } catch (error) {
      if (signal.aborted || !isDomainError(error) || !error.retriable) throw error;
      if (tries === 0) log.warn({ err: error, backend: name }, 'is away; the start waits for it');
      await pause(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }
};
