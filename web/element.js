/** An element with attributes and children. Strings become text, never markup. */
export const element = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);

export const svg = (name, attributes = {}, ...children) =>
  fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);

const fill = (node, attributes, children) => {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
};

export const byId = (id) => document.getElementById(id);

const time = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const minute = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const date = new Intl.DateTimeFormat(undefined, { dateStyle: 'long' });
export const timeOf = (iso) => element('time', { datetime: iso }, time.format(new Date(iso)));
export const dateOf = (iso) => element('time', { datetime: iso }, date.format(new Date(iso)));

export const minuteOf = (iso) => minute.format(new Date(iso));

/** Without the zeros that an exchange fills up with; two decimals stay. */
export const shortened = (decimal) => decimal.replace(/(\.\d{2}\d*?)0+$/, '$1');
