/** Nobody knows whether the server has done it. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

/** @throws what `answer` rejects with, or DeadlineExceeded when it has not come after `ms` */
export const withinDeadline = <T>(answer: Promise<T>, ms: number): Promise<T> =>
  new Promise((resolve, reject) => {
    const expire = () => reject(new DeadlineExceeded(`no answer within ${ms} ms`));
    // Where this process was busy for that long, the answer may have come and only not been read: that happens before
    // an immediate runs.
    const timer = setTimeout(() => setImmediate(expire), ms);
    const settled =
      <Value>(settle: (value: Value) => void) =>
      (value: Value) => {
        clearTimeout(timer);
        settle(value);
      };
    answer.then(settled(resolve), settled(reject));
  });
