/**
 * The kernel's lock of a container: `flock` on containers/<id>/lock. The supervisor holds it as
 * long as it lives, and a command that removes a stopped container holds it meanwhile. The kernel
 * drops it when its holder ends, so it is never stale.
 */
import { closeSync, constants, lstatSync, openSync } from 'node:fs';
import type { ContainerPaths } from './container-paths.ts';
import { isUnlocked, lockFile, type NoLock, type Release } from './file-lock.ts';
import { attempt, ifThere, unless } from './fs-errors.ts';
import { PRIVATE_FILE } from './whole-file.ts';

/**
 * With these errors the lock can't be opened, and no supervisor holds it: on a full disk nobody can
 * make the lock; in a damaged container something else is in its place.
 */
const NOBODYS_LOCK = ['ENOSPC', 'EDQUOT', 'EISDIR', 'ELOOP', 'ENXIO', 'EACCES', 'EPERM', 'EROFS'];

/** Takes the lock. If that fails, says why: another process has it, or the container is gone. */
export function tryLock(paths: ContainerPaths): Release | NoLock {
  const { directory, lock } = paths;
  const place = attempt('look at', directory, () => ifThere(() => lstatSync(directory)));
  if (place === undefined) return 'gone';
  // A link or a file is no container: there is nothing to lock, and nothing to write to.
  if (!place.isDirectory()) return () => undefined;
  const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const fd = attempt('open', lock, () => ifThere(() => unless(NOBODYS_LOCK, () =>
    openSync(lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, PRIVATE_FILE)) ?? NOTHING_OPEN));
  if (fd === undefined) return 'gone';
  if (fd === NOTHING_OPEN) return () => undefined;
  return lockFile(fd, lock, 'exclusive');
}

const NOTHING_OPEN = -1;

/**
 * True if the lock exists and no process of this machine holds it. A missing lock proves nothing,
 * because on a full disk a supervisor runs without one. Never creates the lock; holds it for a
 * moment.
 */
export function isLockFree({ lock }: ContainerPaths): boolean {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const fd = attempt('open', lock, () => ifThere(() => unless(NOBODYS_LOCK, () =>
    openSync(lock, O_RDONLY | O_NOFOLLOW | O_NONBLOCK))));
  if (fd === undefined) return false;
  try {
    return isUnlocked(fd);
  } finally {
    closeSync(fd);
  }
}
