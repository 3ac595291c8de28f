/**
 * Files that another user has put into a folder where all may write, such as /tmp, under a name
 * that this user is going to use. native/src/named-file.c does the same for the helper.
 */
import {
  closeSync, constants, fstatSync, ftruncateSync, lstatSync, openSync, statSync, writeFileSync,
  type Stats,
} from 'node:fs';
import { dirname } from 'node:path';
import { SystemError } from '@berth/errors';
import { giveToCaller } from './callers-files.ts';

const STICKY = 0o1000;
const OTHERS_WRITE = 0o022;

/**
 * Whether another user has put a file, a link or a pipe at `path`, in a folder such as /tmp, which
 * is sticky and open to others. Where fs.protected_regular and its like are set, the kernel refuses
 * to open such a one for writing.
 */
export function isPlanted(path: string): boolean {
  return isShared(path) && isOfAnother(lstatSync(path, { throwIfNoEntry: false }));
}

/** Throws SystemError if isPlanted(). */
export function requireNotPlanted(path: string): void {
  if (isPlanted(path)) throw planted(path);
}

/**
 * The file holds `text`; if it is missing, it is made for the caller. Throws what
 * requireNotPlanted() and node:fs throw. Waits for no reader of a pipe.
 */
export function writeNamedFile(path: string, text: string): void {
  requireNotPlanted(path);
  const { O_WRONLY, O_CREAT, O_NONBLOCK, O_NOFOLLOW } = constants;
  // The user's own link is followed: nobody else can replace it in such a folder.
  const nofollow = isShared(path) && !isLink(path) ? O_NOFOLLOW : 0;
  const fd = openSync(path, O_WRONLY | O_CREAT | O_NONBLOCK | nofollow, 0o644);
  try {
    const status = fstatSync(fd);
    if (isShared(path) && isOfAnother(status)) throw planted(path);
    if (status.isFile()) ftruncateSync(fd);
    writeFileSync(fd, text);
  } finally {
    closeSync(fd);
  }
  giveToCaller(path);
}

function isShared(path: string): boolean {
  const mode = statSync(dirname(path), { throwIfNoEntry: false })?.mode ?? 0;
  return (mode & STICKY) !== 0 && (mode & OTHERS_WRITE) !== 0;
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function isOfAnother(status: Stats | undefined): boolean {
  return status !== undefined && status.uid !== process.geteuid?.() && status.uid !== 0;
}

function planted(path: string): SystemError {
  return new SystemError('ANOTHERS_FILE', `write "${path}": another user has put it there`, {
    hint: 'choose another name',
  });
}
