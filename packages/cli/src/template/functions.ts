/** What the functions of templates do. */
import { sprintf } from './printf.ts';
import { fillError } from './template-error.ts';
import { fieldOf, formatValue, isTrue } from './values.ts';

type Func = (...args: unknown[]) => unknown;

/** Calls a function by name; parse() has checked that it exists. Throws UsageError. */
export function callFunction(name: string, args: readonly unknown[]): unknown {
  const called = FUNCTIONS[name];
  if (called === undefined) throw fillError(`no such function as "${name}"`);
  return called(...args);
}

const FUNCTIONS: Readonly<Record<string, Func>> = {
  // The last one where none decides: at(-1).
  and: (...args) => args.at(args.findIndex((arg) => !isTrue(arg))),
  or: (...args) => args.at(args.findIndex(isTrue)),
  not: (arg) => !isTrue(arg),
  eq: (first, ...others) => others.some((other) => compare(first, other) === 0),
  ne: (a, b) => compare(a, b) !== 0,
  lt: (a, b) => compare(a, b) < 0,
  le: (a, b) => compare(a, b) <= 0,
  gt: (a, b) => compare(a, b) > 0,
  ge: (a, b) => compare(a, b) >= 0,
  len: lengthOf,
  index: (value, ...keys) => keys.reduce(elementAt, value),
  slice: sliceOf,
  print: (...args) => printed(args),
  println: (...args) => `${args.map(formatValue).join(' ')}\n`,
  printf: (format, ...args) => sprintf(formatValue(format), args),
  html: (...args) => printed(args).replace(/[&<>"']/g, htmlReference),
  js: (...args) => JSON.stringify(printed(args)).slice(1, -1),
  urlquery: (...args) => encodeURIComponent(printed(args)).replace(/%20/g, '+'),
  call: () => {
    throw fillError('call: there are no functions among the fields');
  },
  json: (value) => JSON.stringify(value ?? null),
  join: (list, separator = '') => listOf(list).map(formatValue).join(formatValue(separator)),
  split: (text, separator) => formatValue(text).split(formatValue(separator)),
  lower: (text) => formatValue(text).toLowerCase(),
  upper: (text) => formatValue(text).toUpperCase(),
  title: (text) => formatValue(text).replace(/\b\p{L}/gu, (letter) => letter.toUpperCase()),
  pad: (text, before, after) => `${blanks(before)}${formatValue(text)}${blanks(after)}`,
  truncate: (text, length) => [...formatValue(text)].slice(0, Number(length)).join(''),
  table: (text) => text,
};

const NAMED_REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
};

function htmlReference(character: string): string {
  return NAMED_REFERENCES[character] ?? `&#${character.charCodeAt(0)};`;
}

const MAX_BLANKS = 1000;

function blanks(count: unknown): string {
  return ' '.repeat(Math.max(0, Math.min(MAX_BLANKS, Math.trunc(Number(count)) || 0)));
}

/** A blank is put between two operands when neither is a text, as fmt.Sprint does. */
function printed(args: readonly unknown[]): string {
  return args.reduce<string>((text, arg, index) => {
    const isApart = index > 0 && typeof arg !== 'string' && typeof args[index - 1] !== 'string';
    return `${text}${isApart ? ' ' : ''}${formatValue(arg)}`;
  }, '');
}

function compare(a: unknown, b: unknown): number {
  const [left, right] = [comparable(a), comparable(b)];
  if (typeof left !== typeof right && left !== null && right !== null) {
    throw fillError(`compare ${formatValue(a)} with ${formatValue(b)}: of different kinds`);
  }
  if (left === right) return 0;
  return left !== null && right !== null && left < right ? -1 : 1;
}

function comparable(value: unknown): string | number | boolean | null {
  if (value === undefined || value === null) return null;
  if (value instanceof Date) return value.getTime();
  const isBasic =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  if (!isBasic) throw fillError(`compare ${formatValue(value)}: lists and maps have no order`);
  return value;
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (typeof value === 'object' && value !== null) return Object.keys(value).length;
  throw fillError(`len of ${formatValue(value)}: it has none`);
}

/** All maps are maps of texts, so `index` answers the empty text for an absent key. */
const NOTHING = '';

function elementAt(value: unknown, key: unknown): unknown {
  if (!Array.isArray(value)) return fieldOf(value, formatValue(key)) ?? NOTHING;
  const index = Number(key);
  if (!Number.isInteger(index) || index < 0 || index >= value.length) {
    throw fillError(`index ${formatValue(key)}: the list has ${value.length} elements`);
  }
  return value[index] as unknown;
}

function sliceOf(value: unknown, from: unknown = 0, to?: unknown): unknown {
  if (typeof value !== 'string' && !Array.isArray(value)) {
    throw fillError(`slice of ${formatValue(value)}: neither a text nor a list`);
  }
  const end = to === undefined ? value.length : Number(to);
  const start = Number(from);
  if (!(start >= 0 && start <= end && end <= value.length)) {
    throw fillError(`slice ${start} to ${end}: the length is ${value.length}`);
  }
  return value.slice(start, end);
}

function listOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  if (value === null || value === undefined) return [];
  throw fillError(`join ${formatValue(value)}: not a list`);
}
