/** Filters of list commands: the keys a list knows, and how their values are compared. */
import { UsageError } from '@berth/errors';

/** `key=value`, or `key!=value` when negated. */
export interface Filter {
  key: string;
  value: string;
  negate: boolean;
}

/** Whether an entry matches the value of a filter. */
export type Predicate<T> = (entry: T, value: string) => boolean;

/**
 * One predicate from many filters: values of one key are alternatives, keys must all hold, as in
 * Podman; several labels must all hold. Throws UsageError for a key that the list does not know,
 * and for a value of `flags`, the keys that are true or false, which is neither.
 */
export function matcher<T>(
  filters: readonly Filter[],
  predicates: Record<string, Predicate<T>>,
  flags: readonly string[] = [],
): (entry: T) => boolean {
  const groups = new Map<string, Filter[]>();
  for (const filter of filters) {
    if (!Object.hasOwn(predicates, filter.key)) {
      throw new UsageError('BAD_FILTER', `filter by "${filter.key}": no such filter`, {
        hint: `filters are ${Object.keys(predicates).sort().join(', ')}`,
      });
    }
    if (flags.includes(filter.key)) parseFlag(filter.key, filter.value);
    const group = filter.key === 'label' ? `label ${groups.size}` : filter.key;
    groups.set(group, [...(groups.get(group) ?? []), filter]);
  }
  return (entry) =>
    [...groups.values()].every((group) =>
      group.some(({ key, value, negate }) => predicates[key]?.(entry, value) !== negate),
    );
}

/** The value of a filter that is true or false. Throws UsageError for another word. */
export function parseFlag(key: string, value: string): boolean {
  if (/^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw new UsageError('BAD_FILTER', `filter by "${key}": "${value}" is neither true nor false`);
}

/** Whether labels hold `KEY` or `KEY=VALUE`. */
export function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf('=');
  const key = equals < 0 ? wanted : wanted.slice(0, equals);
  return Object.hasOwn(labels, key) && (equals < 0 || labels[key] === wanted.slice(equals + 1));
}

const UNITS_MS: Record<string, number> = { ms: 1, s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3 };

/**
 * A point in time: RFC 3339, seconds since the epoch, or a duration such as `1h30m` before now; a
 * negative one lies after it, and `ahead` turns that around.
 */
export function parseTime(text: string, direction: 'back' | 'ahead' = 'back'): Date {
  if (/^\d+(\.\d+)?$/.test(text)) {
    return new Date(Number(text) * 1000);
  }
  if (/^[+-]?(\d+(\.\d+)?(ms|[smhd]))+$/.test(text)) {
    const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)];
    const spanMs = parts.reduce(
      (sum, [, n, unit]) => sum + Number(n) * (UNITS_MS[unit ?? 's'] ?? 0),
      0,
    );
    const isAhead = text.startsWith('-') !== (direction === 'ahead');
    return new Date(Date.now() + (isAhead ? spanMs : -spanMs));
  }
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) {
    throw new UsageError(
      'BAD_TIME',
      `read the time "${text}": neither a timestamp nor a duration such as 1h30m`,
    );
  }
  return date;
}
