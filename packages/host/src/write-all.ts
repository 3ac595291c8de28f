/** Writes by as many system calls as it takes. */
import { constants } from 'node:os';

/**
 * Answers the length of `bytes`, or a negative error number. A short write is no failure (disk
 * quotas, signals), but a write of nothing would loop for ever.
 */
export function writeAll(
  bytes: Uint8Array,
  write: (rest: Uint8Array, done: number) => number,
): number {
  let done = 0;
  while (done < bytes.length) {
    const written = write(done === 0 ? bytes : bytes.subarray(done), done);
    if (written === -constants.errno.EINTR) continue;
    if (written < 0) return written;
    if (written === 0) return -constants.errno.EIO;
    done += written;
  }
  return done;
}
