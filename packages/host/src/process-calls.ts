/**
 * The process half of the system call interface.
 */
import { OPEN } from './kernel-numbers.ts';
import { PathBuffer } from './path-buffer.ts';
import type { PathArgument } from './path-buffer.ts';
import type { CallBackEnd } from './syscall-table.ts';

const SYS_PIDFD_SEND_SIGNAL = 424;
const SYS_PIDFD_OPEN = 434;
const F_GETFD = 1;
const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const FD_CLOEXEC = 1;
const POINTER_BYTES = 8;
const O_NONBLOCK = 0o4000;

/** Process calls; answers are results or negative error numbers. */
export interface ProcessCalls {
  chroot(path: PathArgument): number;
  chdir(path: PathArgument): number;
  fchdir(fd: number): number;
  /** Answers the previous mask. */
  umask(mask: number): number;
  /** Replaces the process; comes back only with a negative error number. */
  execve(path: string, argv: readonly string[], environment: readonly string[]): number;
  /** Lets `fd` survive an execve, or not. */
  setCloseOnExec(fd: number, closeOnExec: boolean): number;
  /** Sets or clears O_NONBLOCK of the open file description behind `fd`. */
  setNonBlocking(fd: number, nonBlocking: boolean): number;
  /** Puts the descriptors of a new pipe, reading end first, into `ends`; both close on exec. */
  pipe(ends: Int32Array): number;
  /** A descriptor for exactly this process, even if its pid is used again. */
  pidfdOpen(pid: number): number;
  pidfdSendSignal(pidfd: number, signal: number): number;
}

/** The calls, bound to `backEnd`. */
export function createProcessCalls(backEnd: CallBackEnd): ProcessCalls {
  const { calls } = backEnd;
  const path = new PathBuffer();
  const answer = (result: number): number => (result >= 0 ? result : -backEnd.errno());
  const onPath = (value: PathArgument, call: (bytes: Uint8Array) => number): number => {
    const refused = path.set(value);
    return refused < 0 ? refused : answer(call(path.bytes));
  };
  const changeFlag = (fd: number, command: FlagCommand, on: boolean): number => {
    const flags = answer(calls.fcntl(fd, command.get, 0));
    if (flags < 0) return flags;
    return answer(calls.fcntl(fd, command.set, on ? flags | command.bit : flags & ~command.bit));
  };
  return {
    chroot: (value) => onPath(value, (bytes) => calls.chroot(bytes)),
    chdir: (value) => onPath(value, (bytes) => calls.chdir(bytes)),
    fchdir: (fd) => answer(calls.fchdir(fd)),
    umask: (mask) => answer(calls.umask(mask)),
    execve: (file, argv, environment) => {
      const lists = [pointerList(backEnd, argv), pointerList(backEnd, environment)] as const;
      return onPath(file, (bytes) => calls.execve(bytes, lists[0], lists[1]));
    },
    setCloseOnExec: (fd, on) =>
      changeFlag(fd, { get: F_GETFD, set: F_SETFD, bit: FD_CLOEXEC }, on),
    setNonBlocking: (fd, on) =>
      changeFlag(fd, { get: F_GETFL, set: F_SETFL, bit: O_NONBLOCK }, on),
    pipe: (ends) =>
      answer(calls.pipe2(new Uint8Array(ends.buffer, ends.byteOffset, 8), OPEN.CLOEXEC)),
    pidfdOpen: (pid) => answer(calls.syscall(SYS_PIDFD_OPEN, pid, 0, 0, 0, 0, 0)),
    pidfdSendSignal: (pidfd, signal) =>
      answer(calls.syscall(SYS_PIDFD_SEND_SIGNAL, pidfd, signal, 0, 0, 0, 0)),
  };
}

interface FlagCommand {
  readonly get: number;
  readonly set: number;
  readonly bit: number;
}

/**
 * A NULL-terminated array of C strings in one piece of memory, the pointers first: as long as the
 * array exists, the strings do.
 */
function pointerList(backEnd: CallBackEnd, strings: readonly string[]): Uint8Array {
  const tableBytes = (strings.length + 1) * POINTER_BYTES;
  const text = Buffer.from(strings.map((string) => `${string}\0`).join(''));
  // Not from Buffer's pool, where the address would be that of a slice.
  const list = Buffer.alloc(tableBytes + text.length);
  text.copy(list, tableBytes);
  let next = backEnd.address(list) + BigInt(tableBytes);
  strings.forEach((string, index) => {
    list.writeBigUInt64LE(next, index * POINTER_BYTES);
    next += BigInt(Buffer.byteLength(string) + 1);
  });
  return list;
}
