/**
 * Flags as data: a command declares a table of flags, from which parsing, help and completion are
 * made. Clipanion's own options are not used: registering the 95 of `run` costs 30 ms in the
 * compiled executable, and they support neither `-p8080:80` nor `--rm=false`, which users type.
 */

/** What a flag's value is: `each` may be repeated, `listed` is also split at commas. */
export type FlagKind = 'toggle' | 'text' | 'whole' | 'decimal' | 'each' | 'listed';

/** One flag; its long name is its key in the table. */
export interface Flag<K extends FlagKind = FlagKind> {
  readonly kind: K;
  readonly description: string;
  /** The word for the value in help, e.g. `PATH`; empty for toggles. */
  readonly placeholder: string;
  readonly short: string | undefined;
  readonly aliases: readonly string[];
  /** The value without the flag; only for toggles. */
  readonly initial: boolean;
  /** Not shown in help, because it is accepted without effect or refused with a reason. */
  readonly hidden: boolean;
  /** Why the flag is refused, or what to do instead; undefined for a flag that is accepted. */
  readonly refusal: string | undefined;
  /** The flag can't have a meaning here in any version. */
  readonly isForeign: boolean;
}

/** Flags of one command by long name. */
export type FlagTable = Readonly<Record<string, Flag>>;

type ValueOf<K extends FlagKind> = K extends 'toggle'
  ? boolean
  : K extends 'text'
    ? string | undefined
    : K extends 'whole' | 'decimal'
      ? number | undefined
      : string[];

/** The values of a table's flags after parsing. */
export type FlagValues<T extends FlagTable> = { [N in keyof T]: ValueOf<T[N]['kind']> };

/** Optional properties of a flag. */
export interface FlagOptions {
  short?: string;
  aliases?: readonly string[];
  hidden?: boolean;
}

/** A flag that is on or off; `--NAME=false` turns it off. */
export function toggle(
  description: string,
  options: FlagOptions & { initial?: boolean } = {},
): Flag<'toggle'> {
  const flag = make('toggle', { placeholder: '', description, options });
  return { ...flag, initial: options.initial ?? false };
}

/** A flag with a text; the last one wins. */
export function text(
  placeholder: string,
  description: string,
  options: FlagOptions = {},
): Flag<'text'> {
  return make('text', { placeholder, description, options });
}

/** A flag with a whole number. */
export function whole(
  placeholder: string,
  description: string,
  options: FlagOptions = {},
): Flag<'whole'> {
  return make('whole', { placeholder, description, options });
}

/** A flag with a number that may have a fraction. */
export function decimal(
  placeholder: string,
  description: string,
  options: FlagOptions = {},
): Flag<'decimal'> {
  return make('decimal', { placeholder, description, options });
}

/** A flag that may be given several times; each value is kept as typed. */
export function each(
  placeholder: string,
  description: string,
  options: FlagOptions = {},
): Flag<'each'> {
  return make('each', { placeholder, description, options });
}

/** As each(), but a value may hold several, separated by commas. */
export function listed(
  placeholder: string,
  description: string,
  options: FlagOptions = {},
): Flag<'listed'> {
  return make('listed', { placeholder, description, options });
}

/** Flags of Podman that have no effect here; they are toggles unless they take a value. */
export function ignored(kind: 'toggle' | 'each'): Flag<'toggle' | 'each'> {
  return make(kind, { placeholder: '', description: '', options: { hidden: true } });
}

/** A flag of Podman that Berth does not have; using it is an error that says why. */
export function refused(kind: 'toggle' | 'each', refusal: string): Flag<'toggle' | 'each'> {
  return { ...ignored(kind), refusal };
}

/** As refused(), for a flag that later versions will not have either. */
export function foreign(kind: 'toggle' | 'each', refusal: string): Flag<'toggle' | 'each'> {
  return { ...refused(kind, refusal), isForeign: true };
}

interface Parts {
  placeholder: string;
  description: string;
  options: FlagOptions;
}

function make<K extends FlagKind>(kind: K, { placeholder, description, options }: Parts): Flag<K> {
  return {
    kind,
    placeholder,
    description,
    short: options.short,
    aliases: options.aliases ?? [],
    initial: false,
    hidden: options.hidden ?? false,
    refusal: undefined,
    isForeign: false,
  };
}
