import type { Operation } from './operation.ts';
import * as prices from './price-operations.ts';
import * as sessions from './session-operations.ts';
import * as users from './user-operations.ts';

const isOperation = (exported: object): exported is Operation => 'path' in exported && 'allow' in exported;

/** Every operation there is, whichever service answers it. */
export const allOperations: readonly Operation[] = [prices, users, sessions]
  .flatMap((module) => Object.values(module) as readonly object[])
  .filter(isOperation);
