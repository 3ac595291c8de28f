/**
 * The kernel's lock of an open file, flock(2). The kernel drops it when its holder ends, so it is
 * never stale.
 */
import { closeSync, fstatSync, lstatSync } from 'node:fs';
import { constants as system } from 'node:os';
import { loadSyscalls, succeed } from '@berth/host';
import { attempt, ifThere } from './fs-errors.ts';

/** Gives a lock back. */
export type Release = () => void;

/** Why nobody gets a lock. */
export type NoLock = 'held' | 'gone';

/** Several processes may hold a `shared` lock. */
export type LockKind = 'exclusive' | 'shared';

const OPERATIONS: Readonly<Record<LockKind, number>> = { shared: 1 | 4, exclusive: 2 | 4 };

/**
 * Locks `fd`, open at `path`, without waiting. If that fails, says why: another process has the
 * lock, or the file was removed or replaced meanwhile. The file is closed then, or at the release.
 */
export function lockFile(fd: number, path: string, kind: LockKind): Release | NoLock {
  const release = (): void => closeSync(fd);
  const answer = loadSyscalls().flock(fd, OPERATIONS[kind]);
  if (answer >= 0 && isStillThere(fd, path)) return release;
  release();
  if (answer === -system.errno.EWOULDBLOCK) return 'held';
  succeed(answer, 'lock', path);
  return 'gone';
}

/** True if no process of this machine has an exclusive lock of the file; `fd` has a shared one. */
export function isUnlocked(fd: number): boolean {
  return loadSyscalls().flock(fd, OPERATIONS.shared) >= 0;
}

/** A process that waited for a lock may get the lock of a file that was removed meanwhile. */
function isStillThere(fd: number, path: string): boolean {
  const held = fstatSync(fd);
  const there = attempt('look at', path, () => ifThere(() => lstatSync(path)));
  return there !== undefined && there.ino === held.ino && there.dev === held.dev;
}
