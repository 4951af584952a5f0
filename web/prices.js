import { byId, element, shortened, timeOf } from './element.js';

/** The table of prices. `onChoose` hears which symbol's candles are wanted. */
export class PriceTable {
  #rows = new Map();
  #onChoose;
  chosen;

  constructor(onChoose) {
    this.#onChoose = onChoose;
  }

  clear() {
    this.#rows.clear();
    this.chosen = undefined;
    byId('prices').replaceChildren();
  }

  show(prices) {
    for (const price of prices) this.update(price);
    if (!this.chosen && prices.length > 0) this.choose(prices[0].symbol);
  }

  update({ symbol, price, asOf, source, stale }) {
    const row = this.#rows.get(symbol) ?? this.#add(symbol);
    const mark = stale && price !== null ? [element('span', { class: 'mark' }, 'stale')] : [];
    row.price.replaceChildren(price === null ? 'unavailable' : shortened(price), ...mark);
    row.asOf.replaceChildren(asOf ? timeOf(asOf) : '—', element('small', {}, source));
    row.line.classList.toggle('stale', stale);
  }

  choose(symbol) {
    this.chosen = symbol;
    for (const [name, { button }] of this.#rows) button.setAttribute('aria-pressed', String(name === symbol));
    this.#onChoose(symbol);
  }

  #add(symbol) {
    const button = element('button', { type: 'button', class: 'quiet', 'aria-pressed': 'false' }, symbol);
    button.addEventListener('click', () => this.choose(symbol));
    const [price, asOf] = [element('td', { class: 'number' }), element('td')];
    const line = element('tr', {}, element('th', { scope: 'row' }, button), price, asOf);
    byId('prices').append(line);
    const row = { line, button, price, asOf };
    this.#rows.set(symbol, row);
    return row;
  }
}
