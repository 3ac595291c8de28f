/** The methods of Go's time.Time and time.Duration that templates call: `{{.Created.Unix}}`. */
import {
  formatClock, inLocalZone, inUtc, nanosecondsOf, partsOf, TIME_LAYOUT,
} from './time-format.ts';

type Method = (...args: unknown[]) => unknown;

/** A span between two times, to the nanosecond. */
export class Duration {
  readonly nanoseconds: bigint;

  constructor(nanoseconds: bigint) {
    this.nanoseconds = nanoseconds;
  }

  /** As Go writes it: `1h2m3.5s`, `457.003µs`. */
  toString(): string {
    const sign = this.nanoseconds < 0n ? '-' : '';
    const total = this.nanoseconds < 0n ? -this.nanoseconds : this.nanoseconds;
    if (total === 0n) return '0s';
    if (total < SECOND) return sign + shortSpan(Number(total));
    const seconds = total / SECOND;
    const hours = seconds / 3600n;
    const minutes = (seconds / 60n) % 60n;
    const fraction = String(total % SECOND).padStart(9, '0').replace(/0+$/, '');
    const rest = `${seconds % 60n}${fraction === '' ? '' : `.${fraction}`}s`;
    if (hours > 0n) return `${sign}${hours}h${minutes}m${rest}`;
    return minutes > 0n ? `${sign}${minutes}m${rest}` : sign + rest;
  }
}

const SECOND = 1_000_000_000n;

function shortSpan(nanoseconds: number): string {
  if (nanoseconds >= 1e6) return `${nanoseconds / 1e6}ms`;
  return nanoseconds >= 1e3 ? `${nanoseconds / 1e3}µs` : `${nanoseconds}ns`;
}

/** The method of a time or a span, or undefined where Go has none of that name. */
export function methodOf(value: Date | Duration, name: string): Method | undefined {
  const methods = value instanceof Date ? timeMethods(value) : durationMethods(value);
  return Object.hasOwn(methods, name) ? methods[name] : undefined;
}

const ZERO_MS = -62_135_596_800_000;

function timeMethods(time: Date): Record<string, Method> {
  const parts = partsOf(time);
  const since = (other: unknown): bigint => nanosecondsOf(time) - nanosecondsOf(asTime(other));
  return {
    Unix: () => Math.floor(time.getTime() / 1000),
    UnixMilli: () => Math.floor(time.getTime()),
    UnixMicro: () => nanosecondsOf(time) / 1000n,
    UnixNano: () => nanosecondsOf(time),
    IsZero: () => time.getTime() === ZERO_MS,
    Year: () => parts.year,
    Month: () => parts.monthName,
    Day: () => parts.day,
    Hour: () => parts.hour,
    Minute: () => parts.minute,
    Second: () => parts.second,
    Nanosecond: () => Number(parts.fraction),
    Weekday: () => parts.weekday,
    YearDay: () => parts.yearDay,
    Format: (layout) => formatClock(time, String(layout)),
    String: () => formatClock(time, TIME_LAYOUT),
    UTC: () => inUtc(time),
    Local: () => inLocalZone(time),
    After: (other) => since(other) > 0n,
    Before: (other) => since(other) < 0n,
    Equal: (other) => since(other) === 0n,
    Sub: (other) => new Duration(since(other)),
  };
}

function asTime(value: unknown): Date {
  return value instanceof Date ? value : new Date(ZERO_MS);
}

function durationMethods(span: Duration): Record<string, Method> {
  const seconds = Number(span.nanoseconds) / 1e9;
  return {
    Hours: () => seconds / 3600,
    Minutes: () => seconds / 60,
    Seconds: () => seconds,
    Milliseconds: () => span.nanoseconds / 1_000_000n,
    Microseconds: () => span.nanoseconds / 1000n,
    Nanoseconds: () => span.nanoseconds,
    String: () => span.toString(),
  };
}
