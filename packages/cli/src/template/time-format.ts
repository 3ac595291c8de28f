/** Times as Go's layouts write them, where `2006-01-02 15:04:05` stands for the parts. */

const MONTHS = [
  'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September',
  'October', 'November', 'December',
];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const DAY_MS = 86_400_000;

/** As Go's own String() writes a time. */
export const TIME_LAYOUT = '2006-01-02 15:04:05.999999999 -0700 MST';

/** A time that is written in this machine's zone; all others are in UTC. */
class LocalTime extends Date {}

/** The same moment, in this machine's zone. */
export function inLocalZone(time: Date): Date {
  return new LocalTime(time.getTime());
}

/** The same moment in UTC. */
export function inUtc(time: Date): Date {
  return time instanceof LocalTime ? new Date(time.getTime()) : time;
}

/** Nanoseconds since 1970, as many as are known. */
export function nanosecondsOf(time: Date): bigint {
  const seconds = BigInt(Math.floor(time.getTime() / 1000));
  return seconds * 1_000_000_000n + BigInt(fractionOf(time));
}

/** Nine digits after the second. */
function fractionOf(time: Date): string {
  return (/\.(\d{1,9})/.exec(time.toISOString())?.[1] ?? '').padEnd(9, '0');
}

/** A time, taken apart in its zone. */
export interface TimeParts {
  year: number;
  month: number;
  monthName: string;
  day: number;
  yearDay: number;
  weekday: string;
  hour: number;
  minute: number;
  second: number;
  /** Nine digits. */
  fraction: string;
  /** Minutes east of Greenwich. */
  offset: number;
  zone: string;
}

/** The parts. */
export function partsOf(time: Date): TimeParts {
  const isLocal = time instanceof LocalTime;
  const offset = isLocal ? -time.getTimezoneOffset() : 0;
  const shown = new Date(time.getTime() + offset * 60_000);
  const year = shown.getUTCFullYear();
  const midnight = Date.UTC(year, shown.getUTCMonth(), shown.getUTCDate());
  return {
    year,
    month: shown.getUTCMonth() + 1,
    monthName: MONTHS[shown.getUTCMonth()] ?? '',
    day: shown.getUTCDate(),
    yearDay: Math.floor((midnight - Date.UTC(year, 0, 1)) / DAY_MS) + 1,
    weekday: DAYS[shown.getUTCDay()] ?? '',
    hour: shown.getUTCHours(),
    minute: shown.getUTCMinutes(),
    second: shown.getUTCSeconds(),
    fraction: fractionOf(time),
    offset,
    zone: isLocal ? zoneName(time) : 'UTC',
  };
}

function zoneName(time: Date): string {
  const format = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' });
  return format.formatToParts(time).find(({ type }) => type === 'timeZoneName')?.value ?? '';
}

const LAYOUT = new RegExp([
  'January', 'Jan(?![a-z])', 'Monday', 'Mon(?![a-z])', 'MST', '2006', '002', '_2', '01', '02', '03',
  '04', '05', '06', '15', 'PM', 'pm', 'Z07:?00', 'Z07', '-07:?00', '-07', '[.,](?:0+|9+)(?!\\d)',
  '1', '2', '3', '4', '5',
].join('|'), 'g');

/** The time by a layout of Go. */
export function formatClock(time: Date, layout: string): string {
  const parts = partsOf(time);
  return layout.replace(LAYOUT, (word) => writePart(word, parts));
}

function writePart(word: string, parts: TimeParts): string {
  if (/^[.,]/.test(word)) return fractionText(word, parts.fraction);
  if (/07/.test(word)) return zoneText(word, parts.offset);
  const hour12 = parts.hour % 12 === 0 ? 12 : parts.hour % 12;
  const two = (value: number): string => String(value).padStart(2, '0');
  const texts: Record<string, string> = {
    2006: String(parts.year).padStart(4, '0'), '06': two(parts.year % 100),
    January: parts.monthName, Jan: parts.monthName.slice(0, 3),
    '01': two(parts.month), 1: String(parts.month),
    Monday: parts.weekday, Mon: parts.weekday.slice(0, 3),
    '02': two(parts.day), _2: String(parts.day).padStart(2), 2: String(parts.day),
    '002': String(parts.yearDay).padStart(3, '0'),
    15: two(parts.hour), '03': two(hour12), 3: String(hour12),
    '04': two(parts.minute), 4: String(parts.minute),
    '05': two(parts.second), 5: String(parts.second),
    PM: parts.hour < 12 ? 'AM' : 'PM', pm: parts.hour < 12 ? 'am' : 'pm',
    MST: parts.zone,
  };
  return texts[word] ?? word;
}

/** `.000` has as many digits, `.999` leaves zeros at the end out. */
function fractionText(word: string, fraction: string): string {
  const digits = fraction.slice(0, word.length - 1);
  if (word.charAt(1) === '0') return word.charAt(0) + digits;
  const short = digits.replace(/0+$/, '');
  return short === '' ? '' : word.charAt(0) + short;
}

function zoneText(word: string, offset: number): string {
  if (word.startsWith('Z') && offset === 0) return 'Z';
  const minutes = Math.abs(offset);
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}`;
  if (!word.endsWith('00')) return hours;
  return `${hours}${word.includes(':') ? ':' : ''}${two(minutes % 60)}`;
}
