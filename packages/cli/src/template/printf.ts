/** fmt.Sprintf for the verbs that templates use. */
import { formatValue } from './values.ts';

const VERB = /%([-+# 0]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g;
const MAX_WIDTH = 10_000;

/**
 * The format with its verbs replaced. A value that does not fit its verb is shown as Go shows it.
 */
export function sprintf(format: string, args: readonly unknown[]): string {
  let next = 0;
  const text = format.replace(VERB, (...found: (string | undefined)[]) => {
    const [, flags = '', width, precision, verb = ''] = found;
    if (verb === '%') return '%';
    if (next >= args.length) return `%!${verb}(MISSING)`;
    const digits = precision === undefined ? undefined : Math.min(Number(precision), 100);
    return pad(convert(verb, args[next++], { flags, digits }), flags, Number(width ?? 0));
  });
  const extra = args.slice(next).map(typedValue);
  return extra.length === 0 ? text : `${text}%!(EXTRA ${extra.join(', ')})`;
}

interface Options {
  flags: string;
  digits: number | undefined;
}

const NUMERIC = 'dfegobc';

function convert(verb: string, value: unknown, { flags, digits }: Options): string {
  if (NUMERIC.includes(verb) && typeof value !== 'number') return misfit(verb, value);
  switch (verb) {
    case 'd':
      return signed(String(Math.trunc(Number(value))), flags);
    case 'f':
      return signed(Number(value).toFixed(digits ?? 6), flags);
    case 'e':
    case 'g':
      return String(Number(value));
    case 'x':
      return typeof value === 'number'
        ? value.toString(16)
        : Buffer.from(formatValue(value)).toString('hex');
    case 'X':
      return convert('x', value, { flags, digits }).toUpperCase();
    case 'o':
      return Number(value).toString(8);
    case 'b':
      return Number(value).toString(2);
    case 'c':
      return String.fromCodePoint(Math.max(0, Math.min(0x10ffff, Math.trunc(Number(value)) || 0)));
    case 'q':
      return JSON.stringify(formatValue(value));
    case 't':
    case 'v':
    case 's':
      return formatValue(value).slice(0, digits);
    default:
      return misfit(verb, value);
  }
}

function misfit(verb: string, value: unknown): string {
  return `%!${verb}(${typedValue(value)})`;
}

/** `int=5`, `string=x`: how fmt shows a value that does not fit its verb. */
function typedValue(value: unknown): string {
  const text = formatValue(value);
  switch (typeof value) {
    case 'number':
      return `${Number.isInteger(value) ? 'int' : 'float64'}=${text}`;
    case 'boolean':
      return `bool=${text}`;
    case 'string':
      return `string=${text}`;
    default:
      return text;
  }
}

function signed(text: string, flags: string): string {
  return flags.includes('+') && !text.startsWith('-') ? `+${text}` : text;
}

function pad(text: string, flags: string, width: number): string {
  const length = Math.min(width, MAX_WIDTH);
  if (flags.includes('-')) return text.padEnd(length);
  return flags.includes('0') ? text.padStart(length, '0') : text.padStart(length);
}
