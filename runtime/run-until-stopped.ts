const signals = ['SIGINT', 'SIGTERM'] as const;

/**
 * Starts, and stops on SIGINT and SIGTERM, also in the middle of starting; the second signal ends the process as it is.
 * What goes wrong at the start is said in plain words.
 */
export const runUntilStopped = async (
  start: (stopping: AbortSignal) => Promise<{ stop(): Promise<void> }>,
): Promise<void> => {
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    const stop = () => {
      for (const signal of signals) process.removeListener(signal, stop);
      stopping.abort();
      resolve();
    };
    for (const signal of signals) process.on(signal, stop);
  });
  try {
    const running = await start(stopping.signal);
    await stopped;
    await running.stop();
  } catch (error) {
    if (stopping.signal.aborted) return;
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
};
