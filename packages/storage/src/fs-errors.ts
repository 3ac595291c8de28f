/**
 * Turns errors of node:fs into errors that users can act on: they name the path in the store, and
 * have a hint if the file system is full, read-only or foreign. Callers handle the codes that they
 * expect; all other codes are handled here.
 */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { SystemError, systemCodeOf } from '@berth/errors';
import { systemErrorFrom } from '@berth/host';

/** How to make room for the store at `folder`, or to go on elsewhere. */
export function fullDiskHint(folder: string): string {
  return 'berth system prune --all makes room, and berth --root DIRECTORY chooses another disk; '
    + `to see what is full: df -h "${folder}"; df -i "${folder}"; quota -s`;
}

/** The kernel's words, whoever passed them on: this program, a worker or the helper. */
const FULL_DISK = /(no space left on device|disk quota exceeded)$/i;

/** Whether a full disk or a used up quota is the cause with which a text ends. */
export function tellsOfFullDisk(text: string): boolean {
  return FULL_DISK.test(text);
}

const FULL = { code: 'DISK_FULL', hint: (path: string) => fullDiskHint(storeOf(path)) };

const HINTS: Readonly<Record<string, { code: string; hint: (path: string) => string }>> = {
  ENOSPC: FULL,
  EDQUOT: FULL,
  EROFS: { code: 'READ_ONLY_STORE', hint: () => 'berth --root DIRECTORY on a writable disk' },
  EACCES: { code: 'NO_ACCESS', hint: accessHint },
  EEXIST: { code: 'IN_THE_WAY', hint: (path) => `ls -ld "${path}"` },
  ENOTDIR: { code: 'IN_THE_WAY', hint: (path) => `ls -ld "${path}"` },
  EPERM: { code: 'NO_ACCESS', hint: accessHint },
};

/** In a folder that the user may not enter (HOME=/root) nothing can be examined. */
function accessHint(path: string): string {
  let visible = path;
  while (!existsSync(visible)) visible = dirname(visible);
  return `ls -ld "${visible}"; berth --root DIRECTORY and XDG_DATA_HOME choose another place`;
}

/** The store, of a path in its staging/; any other path as it is. */
function storeOf(path: string): string {
  return path.replace(/\/staging(\/.*)?$/, '');
}

/** The error code (`ENOENT`) of what was thrown, or undefined when it has none. */
export const codeOf = systemCodeOf;

/** What to throw instead of `error`; errors of the project and bugs come back unchanged. */
export function storeError(error: unknown, operation: string, path: string): unknown {
  const known = HINTS[codeOf(error) ?? ''];
  // What was to be made in staging/ has a long name that says nothing.
  const translated = known === FULL && storeOf(path) !== path
    ? systemErrorFrom(error, 'write to', storeOf(path)) : systemErrorFrom(error, operation, path);
  if (known === undefined || !(translated instanceof SystemError)) return translated;
  return new SystemError(known.code, translated.message, {
    hint: known.hint(path), details: translated.details,
  });
}

/** The result of `action`; a failed system call becomes a SystemError that names `path`. */
export function attempt<T>(operation: string, path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw storeError(error, operation, path);
  }
}

/** The result of `action`, or undefined when it fails with one of `codes`, which is expected. */
export function unless<T>(codes: readonly string[], action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (codes.includes(codeOf(error) ?? '')) return undefined;
    throw error;
  }
}

/** The result of `action`, or undefined when the file is not there. */
export function ifThere<T>(action: () => T): T | undefined {
  return unless(['ENOENT', 'ENOTDIR'], action);
}
