/** A price or a quantity counted in hundred-millionths: exact, and as fine as Binance prints. */
export type Fixed = bigint;

const places = 8;
const one = 10n ** BigInt(places);
const pattern = /^(\d+)(?:\.(\d{1,8}))?$/;

/** @throws RangeError for anything but a plain decimal of at most eight places. */
export const toFixed = (text: string): Fixed => {
  const [, whole, fraction = ''] = pattern.exec(text) ?? [];
  if (whole === undefined) throw new RangeError(`not a decimal of at most ${places} places: ${text}`);
  return BigInt(whole + fraction.padEnd(places, '0'));
};

/** With eight places always, as Binance does. */
export const printFixed = (value: Fixed): string => {
  const digits = value.toString().padStart(places + 1, '0');
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`;
};

/** A product of two, or a sum of such, in its sixteen places: cut to eight for printing only. */
export const printProduct = (product: bigint): string => printFixed(product / one);
