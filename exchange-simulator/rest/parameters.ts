import { binanceErrors } from './binance-error.ts';

interface Form {
  readonly legal: RegExp;
  /** As Binance (Java) writes the same expression in its messages. */
  readonly printed: string;
}

const number: Form = { legal: /^\d{1,20}$/, printed: '^[0-9]{1,20}$' };
const forms = {
  symbol: { legal: /^[A-Z0-9_\-.]{1,50}$/, printed: '^[\\w\\-._&&[^a-z]]{1,50}$' },
  symbols: {
    legal: /^\["[A-Z0-9_\-.]{1,50}"(,"[A-Z0-9_\-.]{1,50}")*\]$/,
    printed: '^\\["[\\w\\-._&&[^a-z]]{1,50}"(,"[\\w\\-._&&[^a-z]]{1,50}"){0,}\\]$',
  },
  interval: { legal: /^.+$/, printed: '^.+$' },
  startTime: number,
  endTime: number,
  limit: number,
} satisfies Record<string, Form>;

export type ParameterName = keyof typeof forms;
export type Parameters = Readonly<Partial<Record<ParameterName, string>>>;

/** What was sent, checked by form. @throws BinanceError as Binance answers */
export const readParameters = (query: URLSearchParams, allowed: readonly ParameterName[]): Parameters => {
  const names = [...query.keys()];
  if (new Set(names).size < names.length) throw binanceErrors.duplicateParameter();
  if (names.some((name) => !(allowed as readonly string[]).includes(name))) {
    throw binanceErrors.tooManyParameters(allowed.length, Math.max(names.length, allowed.length + 1));
  }
  for (const [name, value] of query) {
    const { legal, printed } = forms[name as ParameterName];
    if (value === '') throw binanceErrors.emptyParameter(name);
    if (!legal.test(value)) throw binanceErrors.illegalCharacters(name, printed);
  }
  return Object.fromEntries(query);
};

/** @throws BinanceError -1102 */
export const mandatory = (parameters: Parameters, name: ParameterName): string => {
  const value = parameters[name];
  if (value === undefined) throw binanceErrors.missingParameter(name);
  return value;
};

export const optionalNumber = (parameters: Parameters, name: ParameterName): number | undefined =>
  parameters[name] === undefined ? undefined : Number(parameters[name]);

/** The symbols that `symbol` or `symbols` name; undefined when neither was sent. @throws BinanceError */
export const requestedSymbols = ({ symbol, symbols }: Parameters): readonly string[] | undefined => {
  if (symbol !== undefined && symbols !== undefined) throw binanceErrors.badCombination();
  if (symbols === undefined) return symbol === undefined ? undefined : [symbol];
  const list = JSON.parse(symbols) as string[];
  if (new Set(list).size < list.length) throw binanceErrors.duplicateSymbols();
  return list;
};
