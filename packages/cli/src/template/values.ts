/** How values look and compare, as Go's fmt and text/template have it. */
import { suggest } from '../flags/suggest.ts';
import { fillError } from './template-error.ts';

const STRUCT = Symbol('struct');

/** Marks an object as one whose fields are known: asking for another one is an error. */
export function entry<T extends object>(fields: T): T {
  return Object.defineProperty(fields, STRUCT, { value: true });
}

/** As entry(), for objects inside too, except for those under a name of `maps`. */
export function deepEntry<T extends object>(fields: T, maps: ReadonlySet<string>): T {
  for (const [name, value] of Object.entries(fields) as [string, unknown][]) {
    if (!maps.has(name)) markInside(value, maps);
  }
  return Array.isArray(fields) ? fields : entry(fields);
}

function markInside(value: unknown, maps: ReadonlySet<string>): void {
  const isPlain = typeof value === 'object' && value !== null && !(value instanceof Date);
  if (isPlain) deepEntry(value, maps);
}

/**
 * A member of a map or struct; own ones only, so that no prototype is reached. Names of structs may
 * be written in other cases: Go's `.ID` is json's `Id`.
 */
export function fieldOf(value: unknown, name: string): unknown {
  if (value === null || value === undefined) return undefined;
  if (typeof value !== 'object' || Array.isArray(value) || value instanceof Date) {
    throw fillError(`.${name}: ${describeKind(value)} has no fields`);
  }
  if (Object.hasOwn(value, name)) return (value as Record<string, unknown>)[name];
  if (STRUCT in value) {
    const known = Object.keys(value).find((key) => key.toLowerCase() === name.toLowerCase());
    if (known !== undefined) return (value as Record<string, unknown>)[known];
    const meant = suggest(name, Object.keys(value));
    throw fillError(
      `no such field as .${name}${meant === undefined ? '' : `; did you mean .${meant}?`}`,
    );
  }
  return undefined;
}

function describeKind(value: unknown): string {
  return Array.isArray(value) ? 'a list' : value instanceof Date ? 'a time' : `a ${typeof value}`;
}

/** Go's idea of truth: empty texts, lists and maps, zero and nil are false. */
export function isTrue(value: unknown): boolean {
  if (value === null || value === undefined) return false;
  if (typeof value === 'object') {
    if (value instanceof Date) return true;
    return Array.isArray(value) ? value.length > 0 : Object.keys(value).length > 0;
  }
  return Boolean(value);
}

/** As fmt's `%v`: `[a b]`, `map[k:v]`, `{a b}`. */
export function formatValue(value: unknown): string {
  if (value === undefined) return '<no value>';
  if (value === null) return '<nil>';
  if (value instanceof Date) return formatTime(value);
  if (Array.isArray(value)) return `[${value.map(formatValue).join(' ')}]`;
  if (typeof value === 'object') {
    const members = value as Record<string, unknown>;
    return STRUCT in value
      ? `{${Object.values(members).map(formatValue).join(' ')}}`
      : `map[${Object.keys(members)
          .sort()
          .map((key) => `${key}:${formatValue(members[key])}`)
          .join(' ')}]`;
  }
  return String(value);
}

/** `2006-01-02 15:04:05.999 +0000 UTC` */
function formatTime(time: Date): string {
  const [date = '', clock = ''] = time.toISOString().split('T');
  return `${date} ${clock.replace(/(\.0+|(\.\d*[1-9])0*)?Z$/, '$2')} +0000 UTC`;
}

/** Elements with their keys, in order; texts have none. */
export function elementsOf(value: unknown): [unknown, unknown][] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.map((element: unknown, index) => [index, element]);
  if (typeof value === 'number') {
    return Array.from({ length: Math.max(0, Math.min(value, MAX_COUNT)) }, (_, index) => [
      index,
      index,
    ]);
  }
  if (typeof value === 'object' && !(value instanceof Date)) {
    const members = value as Record<string, unknown>;
    return Object.keys(members)
      .sort()
      .map((key) => [key, members[key]]);
  }
  throw fillError(`range over ${describeKind(value)}`);
}

const MAX_COUNT = 100_000;
