import { allServices, type Service } from '../../../composition/services.ts';
import type { Asked, Outcome } from './requests.ts';
import { type Phase, type Result, seenWithin, within } from './result.ts';

/** Above what it held before the fault. */
const mostGrowthMb = 128;

const faults: Readonly<Partial<Record<Outcome, string>>> = {
  hung: 'got no answer within the deadline',
  cut: 'lost their connection without an answer',
  bare503: 'were answered 503 without Retry-After',
  other5xx: 'were answered another 5xx',
  refused: 'were refused for no reason',
};

const some = (what: string, found: readonly string[]): readonly string[] =>
  found.length === 0 ? [] : [`${found.length} ${what}: ${[...new Set(found)].slice(0, 3).join('; ')}`];
const described = ({ kind, said }: Asked) => `${kind} ${said}`;

const answers = ({ asked }: Result): readonly string[] =>
  Object.entries(faults).flatMap(([outcome, words]) =>
    some(`requests ${words}`, asked.filter((one) => one.outcome === outcome).map(described)),
  );

/** After a failure a registration may be asked for too early: its key is taken until the lease of 30 s is over. */
const keyInUse = '409 idempotency-key-in-use';

const undisturbed = ({ scenario, asked, before, during, after }: Result): readonly string[] => {
  const failed = (phase: Phase) => within(asked, phase).filter(({ outcome }) => outcome !== 'ok');
  return [
    ...some(
      'requests failed before the fault',
      failed(before)
        // Others were under way when it began.
        .filter(({ endedAt }) => endedAt < before.to)
        .map(described),
    ),
    ...some(
      'requests failed that have no need of what was away',
      failed(during)
        .filter(({ kind }) => scenario.goesOn.includes(kind))
        .map(described),
    ),
    ...some(
      'requests failed after everything was well',
      failed(after)
        .filter(({ said }) => said !== keyInUse)
        .map(described),
    ),
  ];
};

const kept = ({ audited, stale, unkept }: Result): readonly string[] => [
  ...some('acknowledged commands are lost', audited.lost),
  ...some('commands are there twice', audited.doubled),
  ...some('streams have a broken chain', audited.broken),
  ...some('view rows are not what the events make', audited.differing),
  ...some('reads did not show the write that they named', stale),
  ...some('acknowledged things are not so', unkept),
];

const told = ({ listened }: Result): readonly string[] =>
  listened.flatMap(({ who, expected, resyncs, ...wrong }) => [
    ...Object.entries(wrong).flatMap(([what, count]) =>
      count === 0 ? [] : [`${count} of ${expected} notices of the ${who} are ${what}`],
    ),
    ...some(`times the ${who} had to read everything again`, resyncs),
  ]);

const recovered = ({ recovery }: Result): readonly string[] =>
  Object.entries(recovery).flatMap(([what, seconds]) => (seconds === undefined ? [`${what}: not well by itself`] : []));

const processes = (result: Result): readonly string[] => {
  const { scenario, during, seen, ended, stuck } = result;
  const complained = seenWithin(result, during).some(({ complaints }) => complaints.length > 0);
  return [
    ...(scenario.shows && !complained ? ['no readiness said that anything was wrong'] : []),
    ...some(
      'times readiness gave no answer in time',
      seen.filter(({ complaints }) => complaints.includes('readiness hangs')).map(({ service }) => service),
    ),
    ...allServices.flatMap((service) => {
      const { before, peak } = memoryOf(result, service);
      return peak - before > mostGrowthMb ? [`${service} grew from ${before} to ${peak} MB`] : [];
    }),
    ...ended.map((service) => `${service} ended by itself`),
    ...stuck.map((service) => `${service} did not stop and had to be killed`),
  ];
};

/** Resident MB of a service. */
export const memoryOf = ({ seen, during }: Result, service: Service) => {
  const of = seen.filter((one) => one.service === service && one.residentMb !== undefined);
  return {
    before: of.findLast(({ at }) => at < during.from)?.residentMb ?? Number.NaN,
    peak: Math.max(...of.map(({ residentMb }) => residentMb!)),
    after: of.at(-1)?.residentMb ?? Number.NaN,
  };
};

/** The promises that were broken, in words; none when all is as it shall be. */
export const brokenPromises = (result: Result): readonly string[] =>
  [answers, undisturbed, kept, told, recovered, processes].flatMap((judge) => judge(result));
