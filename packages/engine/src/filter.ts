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
 * Combines filters to one predicate, as in Podman: of several values of one key any may match, all
 * keys must match, and all labels must match. `flags` are the keys that are true or false. Throws
 * UsageError for a key that the list does not know, for a value of a flag that is neither, and for
 * an `until` that is no time or is given twice.
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
    if (filter.key === 'until') requireOneTime(filters, filter);
    const group = filter.key === 'label' ? `label ${groups.size}` : filter.key;
    groups.set(group, [...(groups.get(group) ?? []), filter]);
  }
  return (entry) =>
    [...groups.values()].every((group) =>
      group.some(({ key, value, negate }) => predicates[key]?.(entry, value) !== negate),
    );
}

function requireOneTime(filters: readonly Filter[], { key, value }: Filter): void {
  parseTime(value);
  if (filters.filter((filter) => filter.key === key).length === 1) return;
  throw new UsageError('BAD_FILTER', `filter by "${key}": it is given more than once`);
}

/**
 * Allows only labels and `until`, the filters that every kind of pruned object has; any other could
 * remove too much. Throws UsageError.
 */
export function requirePruneFilters(filters: readonly Filter[]): void {
  matcher(filters, { label: () => true, until: () => true });
}

/** A regular expression, as Podman matches names. Throws UsageError for text that is none. */
export function namePattern(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch (cause) {
    throw new UsageError('BAD_FILTER', `filter by name "${text}": not a regular expression`, {
      cause,
    });
  }
}

/** The value of a filter that is true or false. Throws UsageError for any other word. */
export function parseFlag(key: string, value: string): boolean {
  if (/^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw new UsageError('BAD_FILTER', `filter by "${key}": "${value}" is neither true nor false`);
}

/** Whether the labels have `KEY` or `KEY=VALUE`; an empty value matches any, as in Podman. */
export function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf('=');
  const key = equals < 0 ? wanted : wanted.slice(0, equals);
  const value = equals < 0 ? '' : wanted.slice(equals + 1);
  return Object.hasOwn(labels, key) && (value === '' || labels[key] === value);
}

const UNITS_MS: Record<string, number> = { ms: 1, s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3 };

/**
 * A point in time: RFC 3339, where seconds, clock and zone may be left out (the zone is then the
 * machine's); seconds since the epoch; or a duration such as `1h30m` before now. A negative
 * duration means after now, and `ahead` reverses the direction. Throws UsageError for other text
 * and for impossible dates.
 */
export function parseTime(text: string, direction: 'back' | 'ahead' = 'back'): Date {
  const date = new Date(millisecondsOf(text, direction));
  if (!Number.isNaN(date.getTime())) return date;
  throw new UsageError(
    'BAD_TIME',
    `read the time "${text}": neither a timestamp nor a duration such as 1h30m`,
  );
}

const DAY = /^\d{4}-\d\d-\d\d$/;
const TIMESTAMP = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?)?(Z|[+-]\d\d:\d\d)?$/;
const DURATION = /^[+-]?(\d+(\.\d+)?(ms|[smhd]))+$/;

function millisecondsOf(text: string, direction: 'back' | 'ahead'): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  // JavaScript takes a day without a time as UTC.
  if (TIMESTAMP.test(text)) return Date.parse(DAY.test(text) ? `${text}T00:00` : text);
  if (!DURATION.test(text)) return NaN;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)];
  const spanMs = parts.reduce(
    (sum, [, n, unit]) => sum + Number(n) * (UNITS_MS[unit ?? 's'] ?? 0),
    0,
  );
  const isAhead = text.startsWith('-') !== (direction === 'ahead');
  return Date.now() + (isAhead ? spanMs : -spanMs);
}
