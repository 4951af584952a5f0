import type { StreamConnection } from './stream-connection.ts';

type Outcome = { readonly result: unknown } | { readonly error: { readonly code: number; readonly msg: string } };
type Rule = (params: readonly unknown[], connection: StreamConnection) => Outcome;

const failed = (code: number, msg: string): Outcome => ({ error: { code, msg } });
const invalid = (why: string) => failed(2, `Invalid request: ${why}`);
const done: Outcome = { result: null };

const isNames = (params: readonly unknown[]): params is readonly string[] =>
  params.every((param) => typeof param === 'string');

/** Unknown names are taken and never heard of, as at Binance. */
const rules: Readonly<Record<string, Rule>> = {
  SUBSCRIBE: (params, connection) => {
    if (!isNames(params)) return invalid('stream name must be a string');
    return connection.subscribe(params) ? done : failed(4, 'Too many subscriptions');
  },
  UNSUBSCRIBE: (params, connection) => {
    if (!isNames(params)) return invalid('stream name must be a string');
    connection.unsubscribe(params);
    return done;
  },
  LIST_SUBSCRIPTIONS: (params, connection) =>
    params.length > 0 ? invalid('too many parameters') : { result: connection.streams },
  SET_PROPERTY: ([name, value, ...more], connection) => {
    if (more.length > 0) return invalid('too many parameters');
    if (typeof name !== 'string') return invalid('property name must be a string');
    if (name !== 'combined') return failed(0, 'Unknown property');
    if (typeof value !== 'boolean') return failed(1, 'Invalid value type: expected Boolean');
    connection.combined = value;
    return done;
  },
  GET_PROPERTY: ([name, ...more], connection) => {
    if (more.length > 0) return invalid('too many parameters');
    if (typeof name !== 'string') return invalid('property name must be a string');
    return name === 'combined' ? { result: connection.combined } : failed(0, 'Unknown property');
  },
};

const methods = Object.keys(rules)
  .map((method) => `\`${method}\``)
  .join(', ');

const isId = (id: unknown): boolean =>
  id === null || Number.isSafeInteger(id) || (typeof id === 'string' && /^[A-Za-z0-9]{1,36}$/.test(id));

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Does what a message asks for, and gives the reply. */
export const answerRequest = (text: string, connection: StreamConnection): Outcome & { readonly id?: unknown } => {
  const request = parse(text);
  if (request === undefined) return failed(3, 'Invalid JSON: expected value at line 1 column 1');
  if (typeof request !== 'object' || request === null) return invalid('expected an object at line 1 column 1');
  const { method, params = [], id } = request as Record<string, unknown>;
  if (!isId(id)) return invalid('request ID must be an unsigned integer');
  if (method === undefined) return { ...invalid(`missing field \`method\` at line 1 column ${text.length}`), id };
  const rule = typeof method === 'string' && Object.hasOwn(rules, method) ? rules[method] : undefined;
  if (!rule) return { ...invalid(`unknown variant \`${method}\`, expected one of ${methods}`), id };
  if (!Array.isArray(params)) return { ...invalid('params must be an array'), id };
  return { ...rule(params, connection), id };
};
