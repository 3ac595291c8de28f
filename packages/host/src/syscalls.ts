/**
 * System calls that Node lacks, or does with less precision than the kernel (nanoseconds, bytes
 * that are no UTF-8), behind one typed interface. Loaded lazily: `run` and `exec` come here for
 * their hand-over, `ps` never.
 *
 * Every method answers as the kernel does: the result, or the negative error number. Nothing
 * throws; `succeed` turns an answer into a result or a SystemError.
 */
import { errnoName } from '@berth/errors';
import { systemError } from './system-error.ts';
import { bindWithBun } from './bun-calls.ts';
import { bindWithKoffi } from './koffi-calls.ts';
import { createFileCalls } from './file-calls.ts';
import type { FileCalls } from './file-calls.ts';
import { createProcessCalls } from './process-calls.ts';
import type { ProcessCalls } from './process-calls.ts';
import { CALLS } from './syscall-table.ts';
import type { CallBackEnd, CallName } from './syscall-table.ts';
export type { Device, OpenHow, Owner, Timespec } from './file-calls.ts';
export type { PathArgument } from './path-buffer.ts';

/** Every system call of the table, typed. */
export type Syscalls = FileCalls & ProcessCalls;

let loaded: Syscalls | undefined;

/**
 * The table bound to the C library: by bun:ffi in Bun, by koffi on Node. Later calls answer the
 * same object. Must be called once before a chroot: the library can't be found inside.
 */
export function loadSyscalls(): Syscalls {
  if (loaded !== undefined) return loaded;
  const backEnd = bind(Object.keys(CALLS) as CallName[]);
  loaded = { ...createFileCalls(backEnd), ...createProcessCalls(backEnd) };
  return loaded;
}

/** Only the calls that a hand-over needs: every `run` and `exec` waits for this. */
export function loadHandOverCalls(): Pick<ProcessCalls, 'execve' | 'setCloseOnExec'> {
  return createProcessCalls(bind(['execve', 'fcntl']));
}

function bind(names: readonly CallName[]): CallBackEnd {
  const isBun = (globalThis as { Bun?: unknown }).Bun !== undefined;
  return isBun ? bindWithBun(names) : bindWithKoffi(names);
}

/**
 * The result of a call that succeeded. Throws a SystemError naming operation, errno and path
 * when `answer` is a negative error number.
 */
export function succeed(answer: number, operation: string, path?: string | Uint8Array): number {
  if (answer >= 0) return answer;
  const shown = typeof path === 'string' || path === undefined ? path : String(Buffer.from(path));
  throw systemError({ operation, errno: errnoName(answer), path: shown });
}
