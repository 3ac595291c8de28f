/**
 * Whether another user of the machine could have written a configuration file. In the usual places
 * such a file is refused: it could name a registry of his, or have his folders mounted. A file that
 * the user names by a variable or a flag is the user's own choice.
 */
import { realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname } from 'node:path';

/** How root, and other ids of the machine, appear in a user namespace that does not map them. */
const UNMAPPED = 65_534;
const OTHERS_WRITE = 0o002;
const OTHERS_ENTER = 0o001;

/**
 * Why another user could have written it, and what mends that; undefined where only root could. In
 * a folder of others the file could be replaced, but only by one that belongs to somebody else.
 */
export function othersAccess(path: string): { reason: string; hint: string } | undefined {
  const { uid, mode } = statSync(path);
  if (!mayOwn(uid)) {
    return { reason: `it belongs to uid ${uid}`, hint: `ls -l "${path}"; chown "$USER" "${path}"` };
  }
  // A home that only its user may enter, as in many containers, needs no modes below it.
  if ((mode & OTHERS_WRITE) === 0 || !canBeEntered(dirname(realpathSync(path)))) return undefined;
  return { reason: 'all users may change it', hint: `chmod o-w "${path}"` };
}

/**
 * The user, root, and whoever the home seems to belong to: a server or a mount may show all files
 * under one id.
 */
function mayOwn(uid: number): boolean {
  if ([0, UNMAPPED, process.getuid?.()].includes(uid)) return true;
  return statSync(process.env['HOME'] ?? homedir(), { throwIfNoEntry: false })?.uid === uid;
}

function canBeEntered(folder: string): boolean {
  if ((statSync(folder).mode & OTHERS_ENTER) === 0) return false;
  return folder === '/' || canBeEntered(dirname(folder));
}
