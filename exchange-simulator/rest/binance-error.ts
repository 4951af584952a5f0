/** An answer `{code, msg}` as Binance words it. */
export class BinanceError extends Error {
  readonly status: number;
  readonly code: number;

  constructor(code: number, message: string, status = 400) {
    super(message);
    this.name = 'BinanceError';
    this.status = status;
    this.code = code;
  }

  get body(): { readonly code: number; readonly msg: string } {
    return { code: this.code, msg: this.message };
  }
}

export const binanceErrors = {
  illegalCharacters: (name: string, range: string) =>
    new BinanceError(-1100, `Illegal characters found in parameter '${name}'; legal range is '${range}'.`),
  tooManyParameters: (expected: number, received: number) =>
    new BinanceError(-1101, `Too many parameters; expected '${expected}' and received '${received}'.`),
  duplicateParameter: () => new BinanceError(-1101, 'Duplicate values for a parameter detected.'),
  missingParameter: (name: string) =>
    new BinanceError(-1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`),
  emptyParameter: (name: string) => new BinanceError(-1105, `Parameter '${name}' was empty.`),
  invalidInterval: () => new BinanceError(-1120, 'Invalid interval.'),
  invalidSymbol: () => new BinanceError(-1121, 'Invalid symbol.'),
  badCombination: () => new BinanceError(-1128, 'Combination of optional parameters invalid.'),
  invalidParameter: (name: string) => new BinanceError(-1130, `Data sent for parameter '${name}' is not valid.`),
  duplicateSymbols: () => new BinanceError(-1151, 'Symbol is present multiple times in the list.'),
  tooMuchWeight: (limit: number) =>
    new BinanceError(
      -1003,
      `Too much request weight used; current limit is ${limit} request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.`,
      429,
    ),
  banned: (untilMs: number) =>
    new BinanceError(
      -1003,
      `Way too much request weight used; IP banned until ${untilMs}. Please use WebSocket Streams for live updates to avoid bans.`,
      418,
    ),
};
