/**
 * The error for owners that a user namespace does not have: it names the id, the file and a
 * remedy.
 */
import { UnsupportedError } from '@berth/errors';
import { shown } from './tar-entry.ts';

/** `chown` of the file in question; -1 leaves an id as it is. Returns as the system call does. */
export type ChangeOwner = (uid: number, gid: number) => number;

/** By default nobody has ids from here on: useradd gives out those below (SUB_UID_MAX). */
const FREE_IDS = 1_000_000_000;
const LARGEST_ID = 0xfffffffe;
const UNCHANGED = -1;

/** The error after `change(uid, gid)` was refused with EINVAL. */
export function unmappedOwner(
  path: string,
  { uid, gid }: { uid: number; gid: number },
  change: ChangeOwner,
): UnsupportedError {
  const uidFits = change(uid, UNCHANGED) >= 0;
  const [kind, id] = uidFits ? ['gid', gid] as const : ['uid', uid] as const;
  const range = `${FREE_IDS}-${FREE_IDS + id}`;
  // For the highest ids no range that the kernel could map is long enough.
  const canBeMapped = FREE_IDS + id <= LARGEST_ID;
  return new UnsupportedError('ID_NOT_MAPPED',
    `set owner of "${shown(path)}": your ranges of /etc/sub${kind} have no room for ${kind} ${id}`,
    {
      hint: canBeMapped ? `sudo usermod --add-sub${kind}s ${range} "$USER"` : undefined,
      details: { uid, gid },
    });
}
