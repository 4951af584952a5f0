import { brokenPromises } from './promises.ts';
import { report } from './report.ts';
import type { Asked } from './requests.ts';
import type { Result } from './result.ts';

const asked = (startedAt: number, more: Partial<Asked> = {}): Asked => ({
  ...{ kind: 'command', startedAt, endedAt: startedAt + 5, outcome: 'ok', said: '200' },
  ...more,
});
const seen = (at: number, residentMb: number, ...complaints: string[]) => ({
  ...{ service: 'query-api' as const, at, ready: complaints.length === 0, complaints, residentMb },
});
const heard = { who: 'admin', expected: 9, lost: 0, doubled: 0, disordered: 0, strange: 0, resyncs: [] };

/** A fault between 10 and 20, and everything as it shall be. */
const good: Result = {
  scenario: { name: 'redis-stopped', harm: async () => undefined, goesOn: ['command'], shows: true },
  before: { from: 0, to: 10 },
  during: { from: 10, to: 20 },
  after: { from: 25, to: 30 },
  asked: [asked(1), asked(11), asked(12, { kind: 'read', outcome: 'later', said: '503 view-behind' }), asked(26)],
  acknowledged: 3,
  recovery: { command: 0.1, readiness: 1, notices: 0, prices: 0.5 },
  audited: { events: 9, lost: [], doubled: [], broken: [], differing: [], notices: [] },
  listened: [heard],
  ...{ stale: [], unkept: [], ended: [], stuck: [] },
  seen: [seen(9, 100), seen(15, 120, 'redis degraded'), seen(28, 110)],
};

it('finds nothing broken where nothing is', () => {
  expect(brokenPromises(good)).toEqual([]);
  expect(report([good])).toContain('None.');
});

const broken: readonly [string, Partial<Result>, string][] = [
  ['a request that hangs', { asked: [asked(22, { outcome: 'hung', said: 'no answer' })] }, 'within the deadline'],
  ['a 503 without Retry-After', { asked: [asked(22, { outcome: 'bare503' })] }, 'without Retry-After'],
  ['a 500', { asked: [asked(22, { outcome: 'other5xx' })] }, 'another 5xx'],
  ['a connection that is cut', { asked: [asked(22, { outcome: 'cut' })] }, 'without an answer'],
  ['a 404', { asked: [asked(22, { outcome: 'refused' })] }, 'for no reason'],
  ['a command refused that needed nothing', { asked: [asked(11, { outcome: 'later' })] }, 'no need of what was away'],
  ['a failure before', { asked: [asked(1, { outcome: 'later' })] }, 'before the fault'],
  ['a failure afterwards', { asked: [asked(26, { outcome: 'later' })] }, 'after everything was well'],
  ['a lost command', { audited: { ...good.audited, lost: ['user-1 3'] } }, 'are lost'],
  ['a command done twice', { audited: { ...good.audited, doubled: ['user-1 Ann'] } }, 'there twice'],
  ['a broken chain', { audited: { ...good.audited, broken: ['user-1'] } }, 'broken chain'],
  ['a row that differs', { audited: { ...good.audited, differing: ['users/1'] } }, 'not what the events make'],
  ['a stale read', { stale: ['revision 1 after 2'] }, 'did not show the write'],
  ['a newcomer who can’t sign in', { unkept: ['they can’t'] }, 'are not so'],
  ['a lost notice', { listened: [{ ...heard, lost: 1 }] }, '1 of 9 notices of the admin are lost'],
  ['a doubled notice', { listened: [{ ...heard, doubled: 1 }] }, 'are doubled'],
  ['a resync', { listened: [{ ...heard, resyncs: ['too-old'] }] }, 'read everything again'],
  ['what never recovers', { recovery: { ...good.recovery, notices: undefined } }, 'notices: not well'],
  ['a silent readiness', { seen: [seen(9, 100), seen(15, 100), seen(28, 100)] }, 'no readiness said'],
  ['a readiness that hangs', { seen: [...good.seen, seen(16, 100, 'readiness hangs')] }, 'no answer in time'],
  ['memory without bounds', { seen: [...good.seen, seen(16, 300)] }, 'query-api grew from 100 to 300 MB'],
  ['a process that ends', { ended: ['projector'] }, 'projector ended by itself'],
  ['a process that can’t be stopped', { stuck: ['projector'] }, 'had to be killed'],
];
it.each(broken)('finds %s', (_, change, words) => {
  const found = brokenPromises({ ...good, ...change });
  expect(found).toEqual([expect.stringContaining(words)]);
  expect(report([{ ...good, ...change }])).toContain(`- redis-stopped: ${found[0]}`);
});
