/**
 * The functions of the C library that the project calls, declared once for both foreign function
 * interfaces. Adding a call means adding a line here and a method in syscalls.ts.
 */

/** One declared argument: C int, unsigned int, long (or any 64-bit integer), or a pointer. */
export type ArgumentKind = 'int' | 'uint' | 'long' | 'pointer';

/** What may be passed for one argument; pointers are given as bytes, `null` is NULL. */
export type CallArgument = number | bigint | Uint8Array | null;

/** A bound function: returns the C function's result, -1 on failure. */
export type BoundCall = (...values: CallArgument[]) => number;

/** The type of one C function. */
export interface CallDeclaration {
  readonly returns: 'int' | 'long';
  readonly takes: readonly ArgumentKind[];
}

const int = (...takes: ArgumentKind[]): CallDeclaration => ({ returns: 'int', takes });
const long = (...takes: ArgumentKind[]): CallDeclaration => ({ returns: 'long', takes });

/**
 * The table. Calls that an older C library lacks (openat2, pidfd_open, pidfd_send_signal) go
 * through syscall(2): numbers from 424 on are the same on every architecture.
 */
export const CALLS = {
  openat: int('int', 'pointer', 'int', 'uint'),
  close: int('int'),
  read: long('int', 'pointer', 'long'),
  pread: long('int', 'pointer', 'long', 'long'),
  write: long('int', 'pointer', 'long'),
  pwrite: long('int', 'pointer', 'long', 'long'),
  fsync: int('int'),
  ftruncate: int('int', 'long'),
  fchown: int('int', 'uint', 'uint'),
  fchownat: int('int', 'pointer', 'uint', 'uint', 'int'),
  fchmod: int('int', 'uint'),
  fchmodat: int('int', 'pointer', 'uint', 'int'),
  futimens: int('int', 'pointer'),
  utimensat: int('int', 'pointer', 'pointer', 'int'),
  mkdirat: int('int', 'pointer', 'uint'),
  mknodat: int('int', 'pointer', 'uint', 'long'),
  symlinkat: int('pointer', 'int', 'pointer'),
  linkat: int('int', 'pointer', 'int', 'pointer', 'int'),
  unlinkat: int('int', 'pointer', 'int'),
  renameat: int('int', 'pointer', 'int', 'pointer'),
  readlinkat: long('int', 'pointer', 'pointer', 'long'),
  lsetxattr: int('pointer', 'pointer', 'pointer', 'long', 'int'),
  fsetxattr: int('int', 'pointer', 'pointer', 'long', 'int'),
  lgetxattr: long('pointer', 'pointer', 'pointer', 'long'),
  llistxattr: long('pointer', 'pointer', 'long'),
  lremovexattr: int('pointer', 'pointer'),
  chroot: int('pointer'),
  chdir: int('pointer'),
  fchdir: int('int'),
  umask: int('uint'),
  execve: int('pointer', 'pointer', 'pointer'),
  fcntl: int('int', 'int', 'long'),
  pipe2: int('pointer', 'int'),
  flock: int('int', 'int'),
  fstatfs: int('int', 'pointer'),
  ioctl: int('int', 'long', 'pointer'),
  syscall: long('long', 'long', 'long', 'long', 'long', 'long', 'long'),
} as const satisfies Record<string, CallDeclaration>;

/** A function of the table. */
export type CallName = keyof typeof CALLS;

/** What a foreign function interface must offer. */
export interface CallBackEnd {
  readonly calls: Record<CallName, BoundCall>;
  /** The calling thread's errno; only meaningful directly after a call that answered -1. */
  errno(): number;
  /** Where `bytes` lies in memory. The caller keeps `bytes` alive while the address is used. */
  address(bytes: Uint8Array): bigint;
}
