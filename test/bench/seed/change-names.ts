import { rawRequest } from '../harness/load-job.ts';
import type { SeededUser } from './seed-installation.ts';

/** Every user changes their name, and again, in every round to another one: a name that stays writes nothing. */
export const changeNames =
  (users: readonly SeededUser[], name = 'Ann Lee') =>
  (round: number): readonly string[] =>
    ['one', 'other'].flatMap((turn) =>
      users.map(({ id, token }) =>
        rawRequest({ method: 'PATCH', path: `/v1/users/${id}`, token, body: { name: `${name} ${turn} ${round}` } }),
      ),
    );
