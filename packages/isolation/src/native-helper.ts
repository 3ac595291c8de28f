/**
 * Finds berth-native, the C helper that carries out what has been decided. It is in the folder of
 * the executable's real path, is never searched in PATH, and is refused if others could replace
 * it.
 */
import { realpathSync, statSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { UnsupportedError } from '@berth/errors';
import { isOutsider } from '@berth/host';

const GROUP_OR_OTHER_WRITE = 0o022;
/**
 * With a umask of 002 the user's folders are writable for their group, which often has no other
 * member. So a folder is refused only when others may write to it.
 */
const OTHER_WRITE = 0o002;
const STICKY = 0o1000;

/** The helper's path. Throws UnsupportedError when it is missing or writable by others. */
export function nativeHelper(): string {
  const path = join(dirname(programFile()), 'berth-native');
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined || !status.isFile()) {
    throw new UnsupportedError('HELPER_MISSING', `find "${path}": no such file`, {
      hint: 'keep berth-native beside berth: copy the whole dist folder',
    });
  }
  requireOwn(path, status, GROUP_OR_OTHER_WRITE);
  const folder = statSync(dirname(path));
  requireOwn(dirname(path), folder, (folder.mode & STICKY) === 0 ? OTHER_WRITE : 0);
  return path;
}

/**
 * Throws unless only this user and root may change the path: whoever may write to a folder can
 * replace the files in it. In a container the owner may be the machine's root, which appears as an
 * unmapped id there.
 */
function requireOwn(path: string, { mode, uid }: Stats, writable: number): void {
  const isWritable = (mode & writable) !== 0;
  if (!isWritable && (uid === 0 || uid === process.getuid?.() || isOutsider(uid))) return;
  throw new UnsupportedError(
    'HELPER_UNSAFE',
    `use "${path}": other users can replace it ` +
      `(owner ${uid}, mode ${(mode & 0o7777).toString(8)})`,
    { hint: isWritable ? `chmod go-w ${path}` : 'copy the whole dist folder to one of your own' },
  );
}

/** The file of this program: the compiled executable, or the script that Node runs. */
export function programFile(): string {
  return isCompiled() ? realpathSync(process.execPath) : realpathSync(process.argv[1] ?? '');
}

/** The words that start this program again. */
export function programCommand(): string[] {
  return isCompiled() ? [process.execPath] : [process.execPath, '--', programFile()];
}

/**
 * In an executable made by Bun the script is in a virtual folder, so argv[1] names no file on disk.
 */
export function isCompiled(): boolean {
  return process.versions['bun'] !== undefined && (process.argv[1] ?? '').startsWith('/$bunfs/');
}

const NEVER_INHERITED = /^(BUN_|NODE_OPTIONS$|NODE_CHANNEL|LD_PRELOAD$|BERTH_ROOT_CALLER$)/;

/** The caller's environment without variables that would change how Bun or Node behaves. */
export function helperEnvironment(): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !NEVER_INHERITED.test(name)) {
      environment[name] = value;
    }
  }
  return environment;
}

/** What the helper, or a worker that it started, said on standard error when it failed. */
export interface Complaint {
  /** Empty if it said nothing. */
  message: string;
  hint: string | undefined;
}

/**
 * Reads `Error: MESSAGE` and a line `hint: HINT`. Other lines, which are of the programs that the
 * helper has started, are given as the message's cause.
 */
export function complaintOf(stderr: string): Complaint {
  const [text = '', hint] = stderr.trim().split('\nhint: ');
  const lines = text.split('\n');
  const own = Math.max(0, lines.findIndex((line) => line.startsWith(OWN)));
  const [message = ''] = lines.splice(own, 1);
  const cause = lines.length === 0 ? '' : `: ${lines.join('; ')}`;
  return { message: `${message.replace(OWN, '')}${cause}`, hint };
}

const OWN = 'Error: ';
