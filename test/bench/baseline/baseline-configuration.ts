import { join } from 'node:path';

export interface BaselineConfiguration {
  readonly databaseFile: string;
  /** PEM, of the key that the tokens are signed with. */
  readonly publicKey: string;
  /** What is answered, by path. */
  readonly bodies: ReadonlyMap<string, unknown>;
}

/** What the bench told this baseline. */
export const baselineConfiguration = (): BaselineConfiguration => {
  const { DIRECTORY = '.', PUBLIC_KEY = '', BODIES = '{}' } = process.env;
  return {
    databaseFile: join(DIRECTORY, `baseline-${process.pid}.db`),
    publicKey: PUBLIC_KEY,
    bodies: new Map(Object.entries(JSON.parse(BODIES))),
  };
};
