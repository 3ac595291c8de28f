/**
 * The kernel's lock of a container: `flock` on containers/<id>/lock. Its supervisor holds it for
 * life, and whoever removes a container at rest holds it meanwhile; the kernel drops it with its
 * holder, so it is never stale.
 */
import { closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs';
import { constants as system } from 'node:os';
import { loadSyscalls, succeed } from '@berth/host';
import type { ContainerPaths } from './container-paths.ts';
import { attempt, ifThere, unless } from './fs-errors.ts';
import { PRIVATE_FILE } from './whole-file.ts';

/** Gives a lock back. */
export type Release = () => void;

/** Answers of tryLock() when nobody gets the lock. */
export type NoLock = 'held' | 'gone';

const LOCK_EXCLUSIVE_NOW = 2 | 4;

/**
 * What a lock can't be opened as: then no supervisor holds one. A full disk keeps it from being
 * made, for others too; a damaged container has something else in its place.
 */
const NOBODYS_LOCK = ['ENOSPC', 'EDQUOT', 'EISDIR', 'ELOOP', 'ENXIO', 'EACCES', 'EPERM', 'EROFS'];

/** The lock, or why there is none: another process has it, or the container is gone. */
export function tryLock(paths: ContainerPaths): Release | NoLock {
  const { directory, lock } = paths;
  const place = attempt('look at', directory, () => ifThere(() => lstatSync(directory)));
  if (place === undefined) return 'gone';
  // No container is behind a link or in a file: what is there is nobody's to lock, or to write to.
  if (!place.isDirectory()) return () => undefined;
  const { O_RDWR, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const fd = attempt('open', lock, () => ifThere(() => unless(NOBODYS_LOCK, () =>
    openSync(lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, PRIVATE_FILE)) ?? NOTHING_OPEN));
  if (fd === undefined) return 'gone';
  if (fd === NOTHING_OPEN) return () => undefined;
  const release = (): void => closeSync(fd);
  const answer = loadSyscalls().flock(fd, LOCK_EXCLUSIVE_NOW);
  if (answer >= 0 && isStillThere(fd, lock)) return release;
  release();
  if (answer === -system.errno.EWOULDBLOCK) return 'held';
  succeed(answer, 'lock', lock);
  return 'gone';
}

const NOTHING_OPEN = -1;

/** Who waited for a lock may get that of a container that was removed meanwhile. */
function isStillThere(fd: number, path: string): boolean {
  const held = fstatSync(fd);
  const there = attempt('look at', path, () => ifThere(() => lstatSync(path)));
  return there !== undefined && there.ino === held.ino && there.dev === held.dev;
}
