import { element, minuteOf, shortened, svg } from './element.js';

const [width, height, margin] = [360, 190, 8];
/** Below the picture, for the times; and of a digit, for the prices beside it. */
const [timesHeight, digitWidth] = [20, 7.5];
const minutesBetweenTimes = 15;

/** Candles as a picture. Floats are good enough for pixels; the text shows prices as they came. */
export const drawCandles = (symbol, candles) => {
  if (candles.length === 0) return element('p', { class: 'faint' }, `No candles of ${symbol} yet.`);
  const highest = candles.reduce((one, other) => (Number(other.high) > Number(one.high) ? other : one)).high;
  const lowest = candles.reduce((one, other) => (Number(other.low) < Number(one.low) ? other : one)).low;
  const [top, bottom] = [Number(highest), Number(lowest)];
  const [low, high, last] = [lowest, highest, candles.at(-1).close].map(shortened);

  const right = width - digitWidth * Math.max(low.length, high.length) - margin;
  const foot = height - timesHeight;
  const step = right / Math.max(candles.length, 20);
  const x = (index) => (index + 0.5) * step;
  const y = (price) => margin + ((top - Number(price)) / (top - bottom || 1)) * (foot - 2 * margin);

  const drawCandle = ({ open, high, low, close }, index) => {
    const [from, to] = [y(open), y(close)];
    const body = {
      x: x(index) - step * 0.35,
      width: step * 0.7,
      y: Math.min(from, to),
      height: Math.max(Math.abs(from - to), 1),
    };
    return svg(
      'g',
      { class: Number(close) >= Number(open) ? 'up' : 'down' },
      svg('line', { x1: x(index), x2: x(index), y1: y(high), y2: y(low) }),
      svg('rect', body),
    );
  };
  const drawPrice = (price) => [
    svg('line', { class: 'axis', x1: 0, x2: right, y1: y(price), y2: y(price) }),
    svg('text', { x: right + margin, y: y(price), 'dominant-baseline': 'central' }, shortened(price)),
  ];
  const drawTime = ({ openTime }, index) => [
    svg('line', { class: 'axis', x1: x(index), x2: x(index), y1: foot, y2: foot + 4 }),
    svg('text', { x: x(index), y: height, 'text-anchor': 'middle' }, minuteOf(openTime)),
  ];
  const hasTime = (index) => (candles.length - 1 - index) % minutesBetweenTimes === 0;

  const words = `${symbol}: ${candles.length} minutes, low ${low}, high ${high}, last ${last}`;
  const picture = svg(
    'svg',
    { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': words },
    ...(top === bottom ? [highest] : [highest, lowest]).flatMap(drawPrice),
    svg('line', { class: 'axis', x1: 0, x2: right, y1: foot, y2: foot }),
    ...candles.flatMap((candle, index) => (hasTime(index) ? drawTime(candle, index) : [])),
    ...candles.map(drawCandle),
  );
  return element('figure', {}, picture, element('figcaption', {}, words));
};
