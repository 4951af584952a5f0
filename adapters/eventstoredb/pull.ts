import type { Link } from './link.ts';
import { noAnswer } from './store-unavailable.ts';

/** A read or a subscription of the client: a readable stream, of which the call must be ended separately. */
export type Call = ReadableCall & ({ cancel(): Promise<void> } | { unsubscribe(): Promise<void> });

interface ReadableCall {
  read(): unknown;
  on(event: 'readable' | 'end', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  removeAllListeners(event: 'readable'): { resume(): unknown };
}

export interface PullOptions {
  readonly link: Link;
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
  /** How long to wait for the next item. The link's deadline when absent. */
  readonly patienceMs?: number;
  /** Called when nothing came for so long; it goes on waiting when this returns. Gives the link up when absent. */
  readonly whenSilent?: () => Promise<void>;
}

/**
 * What a call brings, item by item. Ends when the server ends the call or the signal aborts; cancels the call however it
 * ends. Waits only for the server, not for whoever takes the items.
 * @throws what the client says; DomainError 'store-unavailable' when the link is lost
 */
export async function* pull<Item>(call: Call, options: PullOptions): AsyncGenerator<Item, void, undefined> {
  const { link, signal, patienceMs = link.deadlineMs } = options;
  const whenSilent = options.whenSilent ?? giveUp(link);
  let failure: { readonly error: unknown } | undefined;
  let ended = false;
  let wake = () => {};
  const wakeUp = () => wake();
  call.on('readable', wakeUp);
  call.on('end', () => {
    ended = true;
    wake();
  });
  // Stays for good: the client emits an error also on a call that was cancelled, and nobody else would hear it.
  call.on('error', (error) => {
    failure ??= { error };
    wake();
  });
  link.lost.addEventListener('abort', wakeUp);
  signal?.addEventListener('abort', wakeUp);
  try {
    for (;;) {
      // First of all: a call that is cut off with its link would look like one that has come to its end.
      link.lost.throwIfAborted();
      if (signal?.aborted) return;
      const item = call.read() as Item | null;
      if (item !== null) yield item;
      else if (failure) throw failure.error;
      else if (ended) return;
      else if (!(await withinTime(patienceMs, (heard) => (wake = heard)))) await whenSilent();
    }
  } finally {
    link.lost.removeEventListener('abort', wakeUp);
    signal?.removeEventListener('abort', wakeUp);
    if (!ended && !failure) cancel(call);
  }
}

/**
 * The first item. The call is let come to its end by itself: to a server, many calls that are cancelled are an attack,
 * and it closes the connection, with all that is under way on it.
 */
export const first = async <Item>(items: AsyncIterable<Item>): Promise<Item | undefined> => {
  let found: Item | undefined;
  for await (const item of items) found ??= item;
  return found;
};

const giveUp = (link: Link) => async () => {
  link.lose(noAnswer(link.deadlineMs));
};

/** Whether it was called in time. */
const withinTime = (ms: number, listen: (heard: () => void) => void): Promise<boolean> =>
  new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    listen(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });

const cancel = (call: Call): void => {
  // A call that was never made has nothing to cancel, and has said so already.
  ('cancel' in call ? call.cancel() : call.unsubscribe()).catch(() => undefined);
  // What is still on its way goes nowhere, so that the call comes to its end.
  call.removeAllListeners('readable').resume();
};
