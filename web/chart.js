import { element, shortened, svg } from './element.js';

const [width, height, margin] = [640, 220, 12];

/** Candles as a picture. Floats are good enough for pixels; the text shows prices as they came. */
export const drawCandles = (symbol, candles) => {
  if (candles.length === 0) return element('p', { class: 'faint' }, `No candles of ${symbol} yet.`);
  const top = Math.max(...candles.map(({ high }) => Number(high)));
  const bottom = Math.min(...candles.map(({ low }) => Number(low)));
  const y = (price) => margin + ((top - Number(price)) / (top - bottom || 1)) * (height - 2 * margin);
  const step = (width - 2 * margin) / Math.max(candles.length, 20);

  const shapes = candles.map(({ open, high, low, close }, index) => {
    const x = margin + (index + 0.5) * step;
    const [from, to] = [y(open), y(close)];
    const body = {
      x: x - step * 0.35,
      width: step * 0.7,
      y: Math.min(from, to),
      height: Math.max(Math.abs(from - to), 1),
    };
    return svg(
      'g',
      { class: Number(close) >= Number(open) ? 'up' : 'down' },
      svg('line', { x1: x, x2: x, y1: y(high), y2: y(low) }),
      svg('rect', body),
    );
  });
  const [highest, lowest] = [
    candles.find(({ high }) => Number(high) === top),
    candles.find(({ low }) => Number(low) === bottom),
  ];
  const [low, high, last] = [lowest.low, highest.high, candles.at(-1).close].map(shortened);
  const words = `${symbol}: ${candles.length} minutes, low ${low}, high ${high}, last ${last}`;
  const picture = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': words }, ...shapes);
  return element('figure', {}, picture, element('figcaption', {}, words));
};
