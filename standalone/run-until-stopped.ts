/**
 * Starts, and stops on SIGINT and SIGTERM; the second signal ends the process as it is. What goes wrong at the start
 * is said in plain words.
 */
export const runUntilStopped = async (start: () => Promise<{ stop(): Promise<void> }>): Promise<void> => {
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
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
