import { allServices } from '../../../composition/services.ts';
import { brokenPromises, memoryOf } from './promises.ts';
import { kinds, type Outcome } from './requests.ts';
import { type Result, seenWithin, within } from './result.ts';

const row = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]) =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

const answers = ({ scenario, asked, during }: Result) => {
  const count = (...outcomes: readonly Outcome[]) => asked.filter(({ outcome }) => outcomes.includes(outcome)).length;
  const meanwhile = kinds.map((kind) => {
    const of = within(asked, during).filter((one) => one.kind === kind);
    return `${of.filter(({ outcome }) => outcome === 'ok').length}/${of.length}`;
  });
  const longestMs = Math.max(0, ...asked.map(({ startedAt, endedAt }) => endedAt - startedAt));
  return [
    scenario.name,
    asked.length,
    count('ok'),
    count('later'),
    count('conflict'),
    ...[count('bare503'), count('other5xx', 'refused'), count('cut'), count('hung')],
    (longestMs / 1_000).toFixed(1),
    ...meanwhile,
  ];
};

const seconds = (value: number | undefined) => value?.toFixed(1) ?? 'never';
const promises = (result: Result) => {
  const { scenario, during, recovery, acknowledged, audited, listened } = result;
  const { command, readiness, notices, prices } = recovery;
  return [
    scenario.name,
    ((during.to - during.from) / 1_000).toFixed(0),
    ...[command, readiness, notices, prices].map(seconds),
    ...[acknowledged, audited.lost.length, audited.doubled.length],
    ...listened.map(({ expected, lost, doubled, disordered }) => `${expected}: ${lost}/${doubled}/${disordered}`),
    brokenPromises(result).length === 0 ? 'kept' : 'BROKEN',
  ];
};

/** Each complaint once a service, with the seconds after the fault began when it was first and last heard. */
const complaints = (result: Result) =>
  allServices.flatMap((service) => {
    const of = seenWithin(result, { from: result.during.from, to: Number.POSITIVE_INFINITY });
    const own = of.filter((one) => one.service === service);
    const words = [...new Set(own.flatMap((one) => one.complaints))];
    if (words.length === 0) return [];
    const times = (word: string) => own.filter((one) => one.complaints.includes(word)).map(({ at }) => at);
    const after = (at: number) => ((at - result.during.from) / 1_000).toFixed(0);
    return [
      `${service}: ${words.map((word) => `${word} ${after(times(word)[0]!)}–${after(times(word).at(-1)!)} s`).join(', ')}`,
    ];
  });

const readiness = (result: Result) => [
  result.scenario.name,
  complaints(result).join('<br>') || 'nothing',
  ...allServices.map((service) => {
    const { before, peak, after } = memoryOf(result, service);
    return `${before}/${peak}/${after}`;
  }),
];

/** Everything that was seen, in Markdown. */
export const report = (results: readonly Result[]): string =>
  [
    '## Answers',
    'The last four columns: how many of those sent during the fault were answered 2xx.',
    table(
      [
        ...[
          'scenario',
          'requests',
          '2xx',
          '503 and when',
          '412',
          'bare 503',
          'other 5xx, 4xx',
          'cut',
          'hung',
          'longest s',
        ],
        ...['commands', 'registrations', 'reads', 'prices'],
      ],
      results.map(answers),
    ),
    '## What was promised',
    'Seconds from the end of the fault until well; of notices: how many, and lost/doubled/out of order.',
    table(
      [
        ...['scenario', 'fault s', 'command', 'readiness', 'notices', 'prices'],
        ...['acknowledged', 'lost', 'doubled', 'to the admin', 'to the member', 'promises'],
      ],
      results.map(promises),
    ),
    '## What readiness said, and resident memory (MB before/peak/after)',
    table(['scenario', 'readiness, and when since the fault began', ...allServices], results.map(readiness)),
    '## Broken promises',
    results
      .flatMap((result) => brokenPromises(result).map((broken) => `- ${result.scenario.name}: ${broken}`))
      .join('\n') || 'None.',
  ].join('\n\n');
