const signals = ['SIGINT', 'SIGTERM'] as const;

/**
 * Starts, and stops on SIGINT and SIGTERM; the second signal ends the process as it is. What goes wrong at the start
 * is said in plain words.
 */
export const runUntilStopped = async (start: () => Promise<{ stop(): Promise<void> }>): Promise<void> => {
  const stopped = new Promise<void>((resolve) => {
    const stop = () => {
      for (const signal of signals) process.removeListener(signal, stop);
      resolve();
    };
    for (const signal of signals) process.on(signal, stop);
  });
  try {
    const running = await start();
    await stopped;
    await running.stop();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
};
