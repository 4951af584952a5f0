export type Unit = '×' | '/s' | 'ms' | 's' | 'MiB' | '';

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: Unit;
  /** What it should be; a figure without an aim is there to compare with. */
  readonly aim?: { readonly atLeast: number } | { readonly below: number };
  /** What it was made of. */
  readonly from?: string;
}

/** Whether the figure is what it should be; undefined without an aim. */
export const holds = ({ value, aim }: Figure): boolean | undefined =>
  aim && ('atLeast' in aim ? value >= aim.atLeast : value < aim.below);

/** Three digits that count: below that it is noise. */
export const round = (value: number): number => (value >= 1_000 ? Math.round(value) : Number(value.toPrecision(3)));

const aimOf = ({ aim, unit }: Figure): string => {
  if (!aim) return '';
  return 'atLeast' in aim ? `≥ ${aim.atLeast}${unit}` : `< ${aim.below}${unit}`;
};
const verdictOf = (figure: Figure): string => ({ true: 'yes', false: 'NO', undefined: '' })[String(holds(figure))]!;

/** A Markdown table, aligned for the terminal too. */
export const table = (figures: readonly Figure[]): string => {
  const rows = figures.map((figure) => [
    figure.name,
    `${round(figure.value)}${figure.unit}`,
    aimOf(figure),
    verdictOf(figure),
    figure.from ?? '',
  ]);
  const lines = [['what', 'measured', 'aim', 'met', 'made of'], ...rows];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const print = (line: readonly string[]) =>
    `| ${line.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  const rule = print(widths.map((width) => '-'.repeat(width)));
  return [print(lines[0]!), rule, ...lines.slice(1).map(print)].join('\n');
};
