/**
 * NUL-terminated copies of strings for system calls, in memory that every call reuses: no call
 * allocates memory, and no string with a NUL inside can be passed.
 */
import { constants } from 'node:os';

/** A path or name: a string is sent as UTF-8, bytes as they are. Neither may hold a NUL. */
export type PathArgument = string | Uint8Array;

/** PATH_MAX with its NUL; also above XATTR_NAME_MAX. */
const CAPACITY_BYTES = 4096;

/** One reusable C string. A call with two such arguments needs two of them. */
export class PathBuffer {
  readonly bytes = Buffer.alloc(CAPACITY_BYTES);

  /** Copies `path` in. Answers 0, -ENAMETOOLONG, or -EINVAL when it holds a NUL. */
  set(path: PathArgument): number {
    const length = typeof path === 'string' ? this.#setString(path) : this.#setBytes(path);
    if (length < 0) return length;
    this.bytes[length] = 0;
    return 0;
  }

  #setString(path: string): number {
    if (path.includes('\0')) return -constants.errno.EINVAL;
    // One UTF-16 unit becomes at most three bytes, so only long paths have to be measured.
    const fits =
      path.length * 3 < CAPACITY_BYTES || Buffer.byteLength(path) < CAPACITY_BYTES;
    return fits ? this.bytes.write(path, 0, 'utf8') : -constants.errno.ENAMETOOLONG;
  }

  #setBytes(path: Uint8Array): number {
    if (path.length >= CAPACITY_BYTES) return -constants.errno.ENAMETOOLONG;
    if (path.includes(0)) return -constants.errno.EINVAL;
    this.bytes.set(path);
    return path.length;
  }
}
