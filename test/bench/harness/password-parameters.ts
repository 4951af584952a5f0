/** Those of `runtime/passwords.ts`. */
export const passwordParameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
