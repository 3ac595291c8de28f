/** The current folder, which may have been deleted since the user entered it. */
import { isAbsolute, resolve } from 'node:path';
import { NotFoundError } from '@berth/errors';

/** Where dist/berth starts then (native/entry/entry.c): nothing is there or can be made there. */
const NOWHERE = '/proc/tty/ldisc';

/** The absolute path. Throws NotFoundError for one that begins in a folder that was deleted. */
export function absolutePath(path: string): string {
  if (!isAbsolute(path) && wasFolderDeleted()) {
    throw new NotFoundError('NO_CURRENT_FOLDER', `find "${path}": ${DELETED}`, { hint: WAY_OUT });
  }
  return resolve(path);
}

/** What a failed system call's message says, where the reason may be that the folder is gone. */
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
