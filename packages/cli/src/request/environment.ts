/** Variables and labels: `-e`, `--env-file`, `--label`, `--label-file` and what is passed on. */
import { readBounded } from '@berth/engine/containers/configuration';
import { SystemError, UsageError } from '@berth/errors';

type Caller = Readonly<Record<string, string | undefined>>;

const PROXY_VARIABLES = ['http_proxy', 'https_proxy', 'ftp_proxy', 'no_proxy', 'all_proxy'];

/** The flags that set variables; later ones override earlier ones. */
export interface EnvironmentFlags {
  env: readonly string[];
  files: readonly string[];
  passAll: boolean;
  passProxy: boolean;
}

/** `NAME=VALUE` texts, in the order in which they are set. Throws UsageError, SystemError. */
export function parseEnvironment(flags: EnvironmentFlags, caller: Caller): string[] {
  return [
    ...(flags.passProxy ? proxyVariables(caller) : []),
    ...(flags.passAll ? assignments(Object.keys(caller).filter(isCallers), caller) : []),
    ...flags.files.flatMap((file) => lines(file).flatMap((line) => variable(line, caller, file))),
    // An empty text is ignored, as in Podman: a script's variable may be empty.
    ...flags.env.flatMap((text) => (text === '' ? [] : variable(text, caller, '--env'))),
  ];
}

/** False for variables by which Berth passes facts to itself: host/root-caller.ts. */
function isCallers(name: string): boolean {
  return name !== 'BERTH_ROOT_CALLER';
}

function proxyVariables(caller: Caller): string[] {
  return assignments(
    PROXY_VARIABLES.flatMap((name) => [name, name.toUpperCase()]),
    caller,
  );
}

/** `NAME=VALUE` as it is; `NAME` and `PREFIX*` give those variables that the caller has. */
function variable(text: string, caller: Caller, where: string): string[] {
  const name = text.split('=', 1)[0] ?? '';
  if (name === '' || /\s/.test(name)) {
    throw new UsageError('BAD_VARIABLE', `read "${text}" of ${where}: not NAME=VALUE`);
  }
  if (text.includes('=')) {
    return [text];
  }
  return name.endsWith('*')
    ? assignments(
        Object.keys(caller).filter((known) => known.startsWith(name.slice(0, -1))),
        caller,
      )
    : assignments([name], caller);
}

function assignments(names: readonly string[], caller: Caller): string[] {
  return names.flatMap((name) => (caller[name] === undefined ? [] : [`${name}=${caller[name]}`]));
}

/** The lines of a file, without blank lines and comments, leading blanks and `export`. */
function lines(file: string): string[] {
  let text: string;
  try {
    text = readBounded(file === '-' ? 0 : file);
  } catch (cause) {
    throw new SystemError('READ_FILE', `open "${file}"`, { cause });
  }
  if (text.includes('\0')) {
    throw new UsageError('NUL_IN_FILE', `read "${file}": it has a NUL byte, so it is no text`);
  }
  const all = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trimStart().replace(/^export\s+(?=\w+=)/, ''));
  return all.filter((line) => line !== '' && !line.startsWith('#'));
}

/** `NAME=VALUE` texts, and files with such lines, as an object; without `=` the value is empty. */
export function parseLabels(
  texts: readonly string[],
  files: readonly string[],
  flag: string,
): Record<string, string> {
  const labels: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const text of [...files.flatMap(lines), ...texts]) {
    const equals = text.indexOf('=');
    const name = equals < 0 ? text : text.slice(0, equals);
    if (name === '') {
      throw new UsageError('BAD_LABEL', `read --${flag} "${text}": the name is missing`);
    }
    if (equals < 0 && flag === 'annotation') {
      throw new UsageError('BAD_LABEL', `read --${flag} "${text}": not NAME=VALUE`);
    }
    labels[name] = equals < 0 ? '' : text.slice(equals + 1);
  }
  return { ...labels };
}
