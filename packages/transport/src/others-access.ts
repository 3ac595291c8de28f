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
const STICKY = 0o1000;

/** Why another user could change it, and what mends that; undefined where only root could. */
export function othersAccess(path: string): { reason: string; hint: string } | undefined {
  const file = realpathSync(path);
  const { uid, mode } = statSync(file);
  if (!mayOwn(uid)) {
    return { reason: `it belongs to uid ${uid}`, hint: `ls -l "${file}"; chown "$USER" "${file}"` };
  }
  const folder = dirname(file);
  const around = statSync(folder).mode;
  const open = (mode & OTHERS_WRITE) !== 0 ? file
    : (around & OTHERS_WRITE) !== 0 && (around & STICKY) === 0 ? folder : undefined;
  // A home that only its user may enter, as in many containers, needs no modes below it.
  if (open === undefined || !canBeEntered(folder)) return undefined;
  return { reason: 'all users may change it', hint: `chmod o-w "${open}"` };
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
