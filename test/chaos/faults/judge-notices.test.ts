import { judgeNotices } from './judge-notices.ts';

const at = (...positions: number[]) => positions.map((position) => ({ position: String(position) }));

it('finds nothing where each came once and in order', () => {
  expect(judgeNotices(at(3, 9, 10), at(3, 9, 10))).toEqual({
    ...{ expected: 3, lost: 0, doubled: 0, disordered: 0, strange: 0 },
  });
});

it('finds what is lost, what came twice, what came late, and what came to the wrong one', () => {
  expect(judgeNotices(at(3, 10, 9, 10, 4), at(3, 9, 10, 11))).toEqual({
    ...{ expected: 4, lost: 1, doubled: 1, disordered: 2, strange: 1 },
  });
});
