/**
 * Reads files of a layer that their owner may not read, such as sudo with mode 4111. Root of a user
 * namespace may; where no namespace can be made, the owner lends himself the right.
 */
import { statSync } from 'node:fs';
import { constants } from 'node:os';
import { loadSyscalls, OPEN } from '@berth/host';

/** A file, as openat2(2) finds it; its last component is not followed. */
export interface LentFile {
  readonly directoryFd: number;
  readonly path: string | Uint8Array;
  readonly resolve?: number;
}

const { EACCES } = constants.errno;
const MODE_BITS = 0o7777;
const OWNER_READS = 0o400;

/**
 * What `read` answers, which returns as a system call does. If that is EACCES, it is asked once
 * more while the owner may read the file; afterwards the file's mode is as before.
 */
export function lent({ directoryFd, path, ...how }: LentFile, read: () => number): number {
  const answer = read();
  if (answer !== -EACCES) return answer;
  const syscalls = loadSyscalls();
  const flags = OPEN.PATH | OPEN.CLOEXEC | OPEN.NOFOLLOW;
  const pathFd = syscalls.openat2(directoryFd, path, { ...how, flags });
  if (pathFd < 0) return answer;
  const link = `/proc/self/fd/${pathFd}`;
  try {
    const mode = statSync(link).mode & MODE_BITS;
    if (syscalls.chmod(link, mode | OWNER_READS) < 0) return answer;
    const second = read();
    syscalls.chmod(link, mode);
    return second;
  } finally {
    syscalls.close(pathFd);
  }
}
