/**
 * The file system half of the system call interface.
 */
import { AT } from './kernel-numbers.ts';
import { PathBuffer } from './path-buffer.ts';
import type { PathArgument } from './path-buffer.ts';
import type { BoundCall, CallBackEnd, CallName } from './syscall-table.ts';
import { writeAll } from './write-all.ts';

const SYS_OPENAT2 = 437;

/** A moment as the kernel keeps it; `seconds` may be negative, `nanoseconds` is 0..999999999. */
export interface Timespec {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** openat2(2)'s struct open_how; openat ignores `resolve`. */
export interface OpenHow {
  readonly flags: number;
  readonly mode?: number;
  readonly resolve?: number;
}

/** Who a file shall belong to. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** What mknod(2) makes: type and permissions, and the number of a device. */
export interface Device {
  readonly mode: number;
  readonly device: number;
}

/** File system calls. Paths without a directory descriptor are relative to the current one. */
export interface FileCalls {
  open(path: PathArgument, flags: number, mode?: number): number;
  openat(directoryFd: number, path: PathArgument, how: OpenHow): number;
  openat2(directoryFd: number, path: PathArgument, how: OpenHow): number;
  close(fd: number): number;
  /** Fills `bytes` from the file's position, or from `position` where given. */
  read(fd: number, bytes: Uint8Array, position?: number): number;
  /** Writes all of `bytes`, however many calls that takes. Answers its length. */
  write(fd: number, bytes: Uint8Array): number;
  /** The same at a position. */
  pwrite(fd: number, bytes: Uint8Array, position: number): number;
  fsync(fd: number): number;
  ftruncate(fd: number, sizeBytes: number): number;
  fchown(fd: number, uid: number, gid: number): number;
  /** Never follows a link. */
  lchown(path: PathArgument, uid: number, gid: number): number;
  /** Never follows a link. */
  fchownat(directoryFd: number, path: PathArgument, owner: Owner): number;
  fchmod(fd: number, mode: number): number;
  /** Follows a link at the end, because the kernel offers nothing else. */
  chmod(path: PathArgument, mode: number): number;
  fchmodat(directoryFd: number, path: PathArgument, mode: number): number;
  futimens(fd: number, atime: Timespec, mtime: Timespec): number;
  /** Never follows a link. */
  lutimens(path: PathArgument, atime: Timespec, mtime: Timespec): number;
  mkdir(path: PathArgument, mode: number): number;
  mkdirat(directoryFd: number, path: PathArgument, mode: number): number;
  mknod(path: PathArgument, mode: number, device: number): number;
  mknodat(directoryFd: number, path: PathArgument, device: Device): number;
  symlink(target: PathArgument, path: PathArgument): number;
  symlinkat(target: PathArgument, directoryFd: number, path: PathArgument): number;
  /** Never follows a link at the end of `source`. */
  link(source: PathArgument, path: PathArgument): number;
  unlink(path: PathArgument): number;
  rmdir(path: PathArgument): number;
  unlinkat(directoryFd: number, path: PathArgument, flags: number): number;
  rename(source: PathArgument, path: PathArgument): number;
  /** Puts a link's target into `target`; answers its length. */
  readlink(path: PathArgument, target: Uint8Array): number;
  lsetxattr(path: PathArgument, name: PathArgument, value: Uint8Array): number;
  fsetxattr(fd: number, name: PathArgument, value: Uint8Array): number;
  /** Answers the value's length; -ERANGE when `value` is too small. */
  lgetxattr(path: PathArgument, name: PathArgument, value: Uint8Array): number;
  /** Fills `names` with NUL-terminated names; answers their length. */
  llistxattr(path: PathArgument, names: Uint8Array): number;
  lremovexattr(path: PathArgument, name: PathArgument): number;
  flock(fd: number, operation: number): number;
  /** The `f_type` of the file system that holds `fd`. */
  fileSystemType(fd: number): number;
  /** `value` is what the request reads, and holds afterwards what it wrote. */
  ioctl(fd: number, request: number, value: Uint8Array): number;
}

const EMPTY = new Uint8Array(1);

/** The calls, bound to `backEnd`. Three path buffers serve all of them: none is reentrant. */
export function createFileCalls(backEnd: CallBackEnd): FileCalls {
  const context = new CallContext(backEnd);
  return {
    ...descriptorCalls(context),
    ...pathCalls(context),
    ...linkCalls(context),
    ...attributeCalls(context),
  };
}

/** Back end, buffers, and the rule that makes a failed call a negative number. */
class CallContext {
  readonly calls: Record<CallName, BoundCall>;
  readonly first = new PathBuffer();
  readonly second = new PathBuffer();
  readonly times = new BigInt64Array(4);
  readonly timesBytes = new Uint8Array(this.times.buffer);
  readonly #backEnd: CallBackEnd;

  constructor(backEnd: CallBackEnd) {
    this.#backEnd = backEnd;
    this.calls = backEnd.calls;
  }

  answer(result: number): number {
    return result >= 0 ? result : -this.#backEnd.errno();
  }

  address(bytes: Uint8Array): bigint {
    return this.#backEnd.address(bytes);
  }

  /** Runs `call` with the path as a C string. */
  onPath(path: PathArgument, call: (bytes: Uint8Array) => number): number {
    const refused = this.first.set(path);
    return refused < 0 ? refused : this.answer(call(this.first.bytes));
  }

  /** Runs `call` with two C strings. */
  onPaths(
    first: PathArgument,
    second: PathArgument,
    call: (first: Uint8Array, second: Uint8Array) => number,
  ): number {
    const refused = this.second.set(second);
    return refused < 0 ? refused : this.onPath(first, (bytes) => call(bytes, this.second.bytes));
  }

  setTimes(atime: Timespec, mtime: Timespec): Uint8Array {
    this.times[0] = BigInt(atime.seconds);
    this.times[1] = BigInt(atime.nanoseconds);
    this.times[2] = BigInt(mtime.seconds);
    this.times[3] = BigInt(mtime.nanoseconds);
    return this.timesBytes;
  }
}

type DescriptorCall =
  'close' | 'read' | 'write' | 'pwrite' | 'fsync' | 'ftruncate' | 'fchown' | 'fchmod' |
  'futimens' | 'flock' | 'fileSystemType' | 'ioctl';

function descriptorCalls(context: CallContext): Pick<FileCalls, DescriptorCall> {
  const { calls } = context;
  const statfs = new BigInt64Array(16);
  return {
    close: (fd) => context.answer(calls.close(fd)),
    read: (fd, bytes, position) =>
      position === undefined
        ? context.answer(calls.read(fd, bytes, bytes.length))
        : context.answer(calls.pread(fd, bytes, bytes.length, position)),
    write: (fd, bytes) =>
      writeAll(bytes, (rest) => context.answer(calls.write(fd, rest, rest.length))),
    pwrite: (fd, bytes, position) =>
      writeAll(bytes, (rest, done) =>
        context.answer(calls.pwrite(fd, rest, rest.length, position + done))),
    fsync: (fd) => context.answer(calls.fsync(fd)),
    ftruncate: (fd, sizeBytes) => context.answer(calls.ftruncate(fd, sizeBytes)),
    fchown: (fd, uid, gid) => context.answer(calls.fchown(fd, uid, gid)),
    fchmod: (fd, mode) => context.answer(calls.fchmod(fd, mode)),
    futimens: (fd, atime, mtime) =>
      context.answer(calls.futimens(fd, context.setTimes(atime, mtime))),
    flock: (fd, operation) => context.answer(calls.flock(fd, operation)),
    fileSystemType: (fd) => {
      const answer = context.answer(calls.fstatfs(fd, new Uint8Array(statfs.buffer)));
      return answer < 0 ? answer : Number(BigInt.asUintN(32, statfs[0] ?? 0n));
    },
    ioctl: (fd, request, value) => context.answer(calls.ioctl(fd, request, value)),
  };
}

type PathCall =
  'open' | 'openat' | 'openat2' | 'lchown' | 'fchownat' | 'chmod' | 'fchmodat' | 'lutimens' |
  'mkdir' | 'mkdirat' | 'mknod' | 'mknodat' | 'unlink' | 'rmdir' | 'unlinkat';

function pathCalls(context: CallContext): Pick<FileCalls, PathCall> {
  const { calls } = context;
  const on = context.onPath.bind(context);
  const openat: FileCalls['openat'] = (at, path, { flags, mode = 0 }) =>
    on(path, (bytes) => calls.openat(at, bytes, flags, mode));
  const fchownat: FileCalls['fchownat'] = (at, path, { uid, gid }) =>
    on(path, (bytes) => calls.fchownat(at, bytes, uid, gid, AT.SYMLINK_NOFOLLOW));
  const fchmodat: FileCalls['fchmodat'] = (at, path, mode) =>
    on(path, (bytes) => calls.fchmodat(at, bytes, mode, 0));
  const mkdirat: FileCalls['mkdirat'] = (at, path, mode) =>
    on(path, (bytes) => calls.mkdirat(at, bytes, mode));
  const mknodat: FileCalls['mknodat'] = (at, path, { mode, device }) =>
    on(path, (bytes) => calls.mknodat(at, bytes, mode, device));
  const unlinkat: FileCalls['unlinkat'] = (at, path, flags) =>
    on(path, (bytes) => calls.unlinkat(at, bytes, flags));
  return {
    open: (path, flags, mode = 0) =>
      on(path, (bytes) => calls.openat(AT.FDCWD, bytes, flags, mode)),
    openat,
    openat2: (at, path, how) => openat2(context, at, { path, how }),
    lchown: (path, uid, gid) =>
      on(path, (bytes) =>
        calls.fchownat(AT.FDCWD, bytes, uid, gid, AT.SYMLINK_NOFOLLOW)),
    fchownat,
    chmod: (path, mode) => fchmodat(AT.FDCWD, path, mode),
    fchmodat,
    lutimens: (path, atime, mtime) =>
      on(path, (bytes) =>
        calls.utimensat(
          AT.FDCWD, bytes, context.setTimes(atime, mtime), AT.SYMLINK_NOFOLLOW)),
    mkdir: (path, mode) => mkdirat(AT.FDCWD, path, mode),
    mkdirat,
    mknod: (path, mode, device) => mknodat(AT.FDCWD, path, { mode, device }),
    mknodat,
    unlink: (path) => unlinkat(AT.FDCWD, path, 0),
    rmdir: (path) => unlinkat(AT.FDCWD, path, AT.REMOVEDIR),
    unlinkat,
  };
}

function openat2(
  context: CallContext,
  directoryFd: number,
  { path, how }: { path: PathArgument; how: OpenHow },
): number {
  const struct = new BigUint64Array([
    BigInt(how.flags), BigInt(how.mode ?? 0), BigInt(how.resolve ?? 0),
  ]);
  const bytes = new Uint8Array(struct.buffer);
  return context.onPath(path, (name) =>
    context.calls.syscall(
      SYS_OPENAT2, directoryFd, context.address(name), context.address(bytes),
      bytes.length, 0, 0));
}

type LinkCall = 'symlink' | 'symlinkat' | 'link' | 'rename' | 'readlink';

function linkCalls(context: CallContext): Pick<FileCalls, LinkCall> {
  const { calls } = context;
  const onPaths = context.onPaths.bind(context);
  const symlinkat: FileCalls['symlinkat'] = (target, at, path) =>
    onPaths(target, path, (from, to) => calls.symlinkat(from, at, to));
  return {
    symlinkat,
    symlink: (target, path) => symlinkat(target, AT.FDCWD, path),
    link: (source, path) =>
      onPaths(source, path, (from, to) => calls.linkat(AT.FDCWD, from, AT.FDCWD, to, 0)),
    rename: (source, path) =>
      onPaths(source, path, (from, to) => calls.renameat(AT.FDCWD, from, AT.FDCWD, to)),
    readlink: (path, target) =>
      context.onPath(path, (bytes) =>
        calls.readlinkat(AT.FDCWD, bytes, target, target.length)),
  };
}

type AttributeCall = 'lsetxattr' | 'fsetxattr' | 'lgetxattr' | 'llistxattr' | 'lremovexattr';

function attributeCalls(context: CallContext): Pick<FileCalls, AttributeCall> {
  const { calls } = context;
  // An empty array has no address, so pass another one; the length says that it is empty.
  const filled = (value: Uint8Array): Uint8Array => (value.length === 0 ? EMPTY : value);
  return {
    lsetxattr: (path, name, value) =>
      context.onPaths(path, name, (at, key) =>
        calls.lsetxattr(at, key, filled(value), value.length, 0)),
    fsetxattr: (fd, name, value) =>
      context.onPath(name, (key) =>
        calls.fsetxattr(fd, key, filled(value), value.length, 0)),
    lgetxattr: (path, name, value) =>
      context.onPaths(path, name, (at, key) =>
        calls.lgetxattr(at, key, filled(value), value.length)),
    llistxattr: (path, names) =>
      context.onPath(path, (at) => calls.llistxattr(at, filled(names), names.length)),
    lremovexattr: (path, name) =>
      context.onPaths(path, name, (at, key) => calls.lremovexattr(at, key)),
  };
}
