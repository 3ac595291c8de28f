/**
 * Parses arguments by a table of flags, as Podman's users type them: `--name=value`,
 * `--name value`, `-it`, `-p8080:80`, `--rm=false`, `--` as the end of flags. Where
 * a command line of another program follows, parsing stops at the first operand.
 */
import { UnsupportedError, UsageError } from '@berth/errors';
import { splitCsv } from '../parse/csv.ts';
import type { Flag, FlagTable, FlagValues } from './flag.ts';
import { suggest } from './suggest.ts';

/** The parsed arguments. */
export interface ParsedArguments<T extends FlagTable> {
  values: FlagValues<T>;
  operands: string[];
  /** Long names of the flags that were given, whatever their value. */
  given: ReadonlySet<string>;
  /** Whether --help was among the flags. */
  help: boolean;
}

/** How a command's arguments are parsed. */
export interface ParseOptions<T extends FlagTable> {
  flags: T;
  /** Everything after the first operand is an operand: `run IMAGE --this belongs to the image`. */
  stopsAtOperand: boolean;
  /** The command as typed, for hints. */
  command: string;
}

type FlagValue = boolean | string | number | string[] | undefined;

interface State {
  flags: FlagTable;
  command: string;
  args: readonly string[];
  next: number;
  values: Record<string, FlagValue>;
  given: Set<string>;
  help: boolean;
}

/**
 * Parses the arguments. Throws UsageError for unknown flags and bad values, UnsupportedError for
 * refused flags.
 */
export function parseFlags<T extends FlagTable>(
  args: readonly string[],
  { flags, stopsAtOperand, command }: ParseOptions<T>,
): ParsedArguments<T> {
  const state: State = {
    flags,
    command,
    args,
    next: 0,
    values: initialValues(flags),
    given: new Set(),
    help: false,
  };
  const operands: string[] = [];
  while (state.next < args.length) {
    const arg = args[state.next++] ?? '';
    const isFlag = arg.startsWith('-') && arg !== '-' && arg !== '--';
    if (isFlag) {
      readFlag(state, arg);
    } else {
      if (arg !== '--') operands.push(arg);
      if (arg === '--' || stopsAtOperand) break;
    }
  }
  for (const rest of args.slice(state.next)) operands.push(rest);
  const values = state.values as FlagValues<T>;
  return { values, operands, given: state.given, help: state.help };
}

function initialValues(flags: FlagTable): Record<string, FlagValue> {
  const values: Record<string, FlagValue> = {};
  for (const name of Object.keys(flags)) {
    const flag = flags[name];
    const isList = flag?.kind === 'each' || flag?.kind === 'listed';
    values[name] = isList ? [] : flag?.kind === 'toggle' ? flag.initial : undefined;
  }
  return values;
}

function readFlag(state: State, arg: string): void {
  if (arg.startsWith('--')) {
    readLong(state, arg);
  } else {
    readShorts(state, arg);
  }
}

function readLong(state: State, arg: string): void {
  const equals = arg.indexOf('=');
  const typed = equals < 0 ? arg.slice(2) : arg.slice(2, equals);
  const value = equals < 0 ? undefined : arg.slice(equals + 1);
  const name = findLong(state.flags, typed);
  if (name === undefined) {
    if (typed === 'help') {
      state.help = true;
      return;
    }
    throw unknownFlag(state, typed);
  }
  assign(state, name, value ?? valueFor(state, name, `--${typed}`));
}

function findLong(flags: FlagTable, typed: string): string | undefined {
  if (Object.hasOwn(flags, typed)) return typed;
  return Object.keys(flags).find((name) => flags[name]?.aliases.includes(typed));
}

function readShorts(state: State, arg: string): void {
  for (let index = 1; index < arg.length; index++) {
    const short = arg.charAt(index);
    const name = Object.keys(state.flags).find((long) => state.flags[long]?.short === short);
    if (name === undefined) {
      if (short === 'h') {
        state.help = true;
        continue;
      }
      throw new UsageError('UNKNOWN_FLAG', `unknown shorthand flag: '${short}' in ${arg}`, {
        hint: seeHelp(state),
      });
    }
    const rest = arg.slice(index + 1);
    const isToggle = state.flags[name]?.kind === 'toggle';
    if (rest !== '' && (!isToggle || rest.startsWith('='))) {
      assign(state, name, rest.startsWith('=') ? rest.slice(1) : rest);
      return;
    }
    assign(state, name, valueFor(state, name, `'${short}' in ${arg}`));
  }
}

/** The next argument, for flags that take one; a toggle alone means true. */
function valueFor(state: State, name: string, typed: string): string {
  if (state.flags[name]?.kind === 'toggle') return 'true';
  const value = state.args[state.next++];
  if (value === undefined) {
    throw new UsageError('FLAG_NEEDS_ARGUMENT', `flag needs an argument: ${typed}`, {
      hint: seeHelp(state),
    });
  }
  return value;
}

function assign(state: State, name: string, value: string): void {
  const flag = state.flags[name];
  if (flag === undefined) return;
  if (flag.refusal !== undefined) refuse(name, flag.refusal, flag.isForeign);
  state.given.add(name);
  const previous = state.values[name];
  if (flag.kind === 'each' || flag.kind === 'listed') {
    const added = flag.kind === 'each' ? [value] : value === '' ? [] : splitCsv(value);
    state.values[name] = Array.isArray(previous) ? [...previous, ...added] : added;
    return;
  }
  state.values[name] = readValue(name, flag, value);
}

function refuse(name: string, refusal: string, isForeign: boolean): never {
  const reason = isForeign ? 'it can have no effect here' : 'not supported yet';
  throw new UnsupportedError('UNSUPPORTED_FLAG', `flag --${name}: ${reason}`, {
    hint: refusal,
  });
}

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

function readValue(name: string, flag: Flag, value: string): FlagValue {
  switch (flag.kind) {
    case 'toggle':
      if (TRUE.has(value)) return true;
      if (FALSE.has(value)) return false;
      throw badFlagValue(name, value, 'neither true nor false');
    case 'whole':
      if (/^[+-]?\d{1,15}$/.test(value)) return Number(value);
      throw badFlagValue(name, value, 'not a whole number');
    case 'decimal':
      if (/^[+-]?(\d+\.?\d*|\.\d+)$/.test(value)) return Number(value);
      throw badFlagValue(name, value, 'not a number');
    default:
      return value;
  }
}

/** The error for a value that a flag can't have, in Podman's words. */
export function badFlagValue(name: string, value: string, reason: string): UsageError {
  return new UsageError(
    'BAD_FLAG_VALUE',
    `invalid argument "${value}" for "--${name}" flag: ${reason}`,
  );
}

function unknownFlag(state: State, typed: string): UsageError {
  const names = Object.keys(state.flags).filter((name) => state.flags[name]?.hidden !== true);
  const meant = suggest(typed, names);
  const hint = meant === undefined ? seeHelp(state) : `did you mean --${meant}? ${seeHelp(state)}`;
  return new UsageError('UNKNOWN_FLAG', `unknown flag: --${typed}`, { hint });
}

function seeHelp({ command }: State): string {
  return `see "berth${command === '' ? '' : ' '}${command} --help"`;
}
