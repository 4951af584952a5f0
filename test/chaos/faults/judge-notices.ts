import type { Notice } from '../../../contracts/sockets/notices.ts';

type Heard = Pick<Notice, 'position'>;

export interface NoticesJudged {
  readonly expected: number;
  readonly lost: number;
  readonly doubled: number;
  /** Came after a later one. */
  readonly disordered: number;
  /** Nobody should have told this client. */
  readonly strange: number;
}

/** Holds what a client heard, in the order of its arrival, against what it was to hear. */
export const judgeNotices = (heard: readonly Heard[], expected: readonly Heard[]): NoticesJudged => {
  const wanted = new Set(expected.map(({ position }) => BigInt(position)));
  const seen = new Set<bigint>();
  let [doubled, disordered, latest] = [0, 0, -1n];
  for (const { position } of heard) {
    const at = BigInt(position);
    if (seen.has(at)) doubled++;
    else if (at < latest) disordered++;
    seen.add(at);
    if (at > latest) latest = at;
  }
  return {
    expected: wanted.size,
    lost: [...wanted].filter((position) => !seen.has(position)).length,
    doubled,
    disordered,
    strange: [...seen].filter((position) => !wanted.has(position)).length,
  };
};
