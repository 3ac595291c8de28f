/** Sizes, times, counts and ids as people read them, in the words that Podman and Docker use. */

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** Decimal, three or four significant digits: `1.23 MB`. */
export function humanSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${Number(value.toPrecision(3))} ${UNITS[unit]}`;
}

/** As humanSize() without the blank: `1.23MB`. */
export function compactSize(bytes: number): string {
  return humanSize(bytes).replace(' ', '');
}

const STEPS: [limitSeconds: number, unitSeconds: number, one: string, many: string][] = [
  [60, 1, '1 second', 'seconds'],
  [3600, 60, 'About a minute', 'minutes'],
  [48 * 3600, 3600, 'About an hour', 'hours'],
  [14 * 86_400, 86_400, '1 day', 'days'],
  [60 * 86_400, 7 * 86_400, '1 week', 'weeks'],
  [730 * 86_400, 30 * 86_400, '1 month', 'months'],
  [Infinity, 365 * 86_400, '1 year', 'years'],
];

/** `5 minutes`, `About an hour`, `2 weeks`. */
export function humanSpan(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  // A clock that was set back gives a negative span; an invalid date gives NaN.
  if (!(seconds >= 1)) {
    return 'Less than a second';
  }
  // From an hour on, Podman and Docker round to hours: 100 minutes are 2 hours.
  const rounded = seconds < 3600 ? seconds : Math.round(seconds / 3600) * 3600;
  const [, unit, one, many] = STEPS.find(([limit]) => rounded < limit) ?? [
    0,
    1,
    '1 second',
    'seconds',
  ];
  const count = Math.floor(rounded / unit);
  return count <= 1 ? one : `${count} ${many}`;
}

/** `2 hours ago`. */
export function humanAgo(date: Date, now: number = Date.now()): string {
  return `${humanSpan(now - date.getTime())} ago`;
}

/** `1 layer`, `2 layers`. */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

const SHORT_ID = 12;

/** As many digits of an id or a digest as tables show. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, '').slice(0, SHORT_ID);
}
