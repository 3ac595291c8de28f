/**
 * Finds berth-native, the C helper that does what has been decided. It lies beside the real path
 * of the executable, is never searched in PATH, and is refused when others could replace it.
 */
import { realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UnsupportedError } from '@berth/errors';

const GROUP_OR_OTHER_WRITE = 0o022;

/** The helper's path. Throws UnsupportedError when it is missing or writable by others. */
export function nativeHelper(): string {
  const path = join(dirname(programFile()), 'berth-native');
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined || !status.isFile()) {
    throw new UnsupportedError('HELPER_MISSING', `find "${path}": no such file`, {
      hint: 'keep berth-native beside berth: copy the whole dist folder',
    });
  }
  const owner = process.getuid?.() ?? 0;
  if ((status.mode & GROUP_OR_OTHER_WRITE) !== 0 || (status.uid !== 0 && status.uid !== owner)) {
    throw new UnsupportedError(
      'HELPER_UNSAFE',
      `use "${path}": other users can replace it ` +
        `(owner ${status.uid}, mode ${(status.mode & 0o7777).toString(8)})`,
      { hint: `chmod go-w ${path}` },
    );
  }
  return path;
}

/** The file that holds this program: the compiled executable, or the script that Node runs. */
export function programFile(): string {
  return isCompiled() ? realpathSync(process.execPath) : realpathSync(process.argv[1] ?? '');
}

/** The words that start this program again. */
export function programCommand(): string[] {
  return isCompiled() ? [process.execPath] : [process.execPath, programFile()];
}

/** In a Bun executable the script lies in a virtual folder, so argv[1] names no file on disk. */
function isCompiled(): boolean {
  return process.versions['bun'] !== undefined && (process.argv[1] ?? '').startsWith('/$bunfs/');
}

const NEVER_INHERITED = /^(BUN_|NODE_OPTIONS$|NODE_CHANNEL|LD_PRELOAD$)/;

/** The caller's environment without what would change how a runtime of ours behaves. */
export function helperEnvironment(): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !NEVER_INHERITED.test(name)) {
      environment[name] = value;
    }
  }
  return environment;
}
