/** How values look and compare, as Go's fmt and text/template have it. */
import { suggest } from '../flags/suggest.ts';
import { fillError } from './template-error.ts';
import { formatClock, TIME_LAYOUT } from './time-format.ts';
import { Duration, methodOf } from './time-methods.ts';

const STRUCT = Symbol('struct');

/** Marks an object as one whose fields are known: asking for another one is an error. */
export function entry<T extends object>(fields: T): T {
  return Object.defineProperty(fields, STRUCT, { value: true });
}

/**
 * As entry(), also for the objects inside. A value whose name is in `maps` is a map: its keys are
 * data, not field names.
 */
export function deepEntry<T extends object>(fields: T, maps: ReadonlySet<string>): T {
  for (const [name, value] of Object.entries(fields) as [string, unknown][]) {
    const inside = maps.has(name) && !Array.isArray(value) ? Object.values(value ?? {}) : [value];
    for (const object of inside) markInside(object, maps);
  }
  return Array.isArray(fields) ? fields : entry(fields);
}

function markInside(value: unknown, maps: ReadonlySet<string>): void {
  const isPlain = typeof value === 'object' && value !== null && !(value instanceof Date);
  if (isPlain) deepEntry(value, maps);
}

/**
 * A member of a map or struct, or a method of a time; own ones only, so that no prototype is
 * reached. Names of structs may be written otherwise: Go's `.ID` is json's `Id`, `.CreatedBy`
 * is `created_by`.
 */
export function fieldOf(value: unknown, name: string): unknown {
  if (value === null || value === undefined) return undefined;
  if (value instanceof Date || value instanceof Duration) return requireMethod(value, name);
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw fillError(`.${name}: ${describeKind(value)} has no fields`);
  }
  if (Object.hasOwn(value, name)) return (value as Record<string, unknown>)[name];
  if (STRUCT in value) {
    const names = Object.getOwnPropertyNames(value);
    const known = names.find((key) => plainName(key) === plainName(name));
    if (known !== undefined) return (value as Record<string, unknown>)[known];
    const meant = suggest(name, Object.keys(value));
    throw fillError(
      `no such field as .${name}${meant === undefined ? '' : `; did you mean .${meant}?`}`,
    );
  }
  return undefined;
}

function plainName(name: string): string {
  return name.toLowerCase().replaceAll('_', '');
}

function requireMethod(value: Date | Duration, name: string): unknown {
  const method = methodOf(value, name);
  if (method === undefined) throw fillError(`.${name}: ${describeKind(value)} has no such method`);
  return method;
}

function describeKind(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Duration) return 'a duration';
  return value instanceof Date ? 'a time' : `a ${typeof value}`;
}

/** Go's idea of truth: empty texts, lists and maps, zero and nil are false. */
export function isTrue(value: unknown): boolean {
  if (value === null || value === undefined) return false;
  if (typeof value === 'object') {
    if (value instanceof Date || value instanceof Duration) return true;
    return Array.isArray(value) ? value.length > 0 : Object.keys(value).length > 0;
  }
  return Boolean(value);
}

/** As fmt's `%v`: `[a b]`, `map[k:v]`, `{a b}`. */
export function formatValue(value: unknown): string {
  if (value === undefined) return '<no value>';
  if (value === null) return '<nil>';
  if (value instanceof Date) return formatClock(value, TIME_LAYOUT);
  if (value instanceof Duration) return value.toString();
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
