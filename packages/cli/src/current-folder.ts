/** The current folder, which may have been deleted since the user entered it. */
import { isAbsolute, resolve } from 'node:path';
import { NotFoundError } from '@berth/errors';

/**
 * The folder in which dist/berth starts when the caller's current folder was deleted
 * (native/entry/entry.c). It is empty, and nothing can be made in it.
 */
const NOWHERE = '/proc/tty/ldisc';

/**
 * The absolute path. Throws NotFoundError for a relative path when the current folder was deleted.
 */
export function absolutePath(path: string): string {
  if (!isAbsolute(path) && wasFolderDeleted()) {
    throw new NotFoundError('NO_CURRENT_FOLDER', `find "${path}": ${DELETED}`, { hint: WAY_OUT });
  }
  return resolve(path);
}

/**
 * The message of a failed system call; it mentions a deleted current folder where that may be the
 * reason.
 */
export function explainFolder(message: string): string {
  if (!wasFolderDeleted()) return message;
  return `${message.replaceAll(`${NOWHERE}/`, '')}\nhint: ${DELETED}: ${WAY_OUT}`;
}

const DELETED = 'the current folder was deleted';
const WAY_OUT = 'cd to another folder';

function wasFolderDeleted(): boolean {
  try {
    return process.cwd() === NOWHERE;
  } catch {
    return true;
  }
}
