/**
 * Numbers of the Linux kernel interface that are the same on every 64-bit architecture this
 * project builds for, and the four open flags that are not.
 */

const ARM64_OPEN = { DIRECTORY: 0o40000, NOFOLLOW: 0o100000 };
const GENERIC_OPEN = { DIRECTORY: 0o200000, NOFOLLOW: 0o400000 };
const PER_ARCHITECTURE = process.arch === 'arm64' ? ARM64_OPEN : GENERIC_OPEN;

/** Flags of open(2). O_DIRECTORY and O_NOFOLLOW differ between x86-64 and arm64. */
export const OPEN = {
  RDONLY: 0,
  WRONLY: 1,
  RDWR: 2,
  CREAT: 0o100,
  EXCL: 0o200,
  TRUNC: 0o1000,
  APPEND: 0o2000,
  NONBLOCK: 0o4000,
  CLOEXEC: 0o2000000,
  PATH: 0o10000000,
  ...PER_ARCHITECTURE,
} as const;

/** Flags and special descriptors of the *at family. */
export const AT = {
  FDCWD: -100,
  SYMLINK_NOFOLLOW: 0x100,
  REMOVEDIR: 0x200,
  SYMLINK_FOLLOW: 0x400,
  EMPTY_PATH: 0x1000,
} as const;

/** Flags of openat2(2)'s `resolve` member. */
export const RESOLVE = {
  NO_XDEV: 0x01,
  NO_MAGICLINKS: 0x02,
  NO_SYMLINKS: 0x04,
  BENEATH: 0x08,
  IN_ROOT: 0x10,
} as const;

/** The file type bits of a mode, as mknod(2) wants them and stat(2) gives them. */
export const MODE = {
  TYPE: 0o170000,
  SOCKET: 0o140000,
  SYMLINK: 0o120000,
  FILE: 0o100000,
  BLOCK: 0o060000,
  DIRECTORY: 0o040000,
  CHARACTER: 0o020000,
  FIFO: 0o010000,
  PERMISSIONS: 0o7777,
} as const;

/** Flags of fallocate(2). */
export const FALLOCATE = { KEEP_SIZE: 1, PUNCH_HOLE: 2 } as const;

/** The nanosecond value by which utimensat(2) is told to take the present time. */
export const UTIME_NOW = 0x3fffffff;
/** The nanosecond value by which utimensat(2) is told to leave a time alone. */
export const UTIME_OMIT = 0x3ffffffe;
